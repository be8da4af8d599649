"""Which statement of the frames that run is at fault, told from their source and their variables.

Looked at only when something has gone wrong. Source is parsed with the standard library; no expression of
the user's is evaluated, names, attributes and constant subscripts apart, as they lie there.
"""
