"""What was seen: stops, gradients and findings of every session, for every front end."""
