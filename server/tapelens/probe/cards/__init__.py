"""What a debugger's own views say of tensors, graph nodes, modules and optimizers: one line, and children in groups.

Nothing here runs code of the user's: no ``__repr__``, property or hook; and nothing large is computed unless expanded.
"""
