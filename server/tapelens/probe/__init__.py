"""What runs inside the user's process: a guest that computes nothing, holds nothing and never raises."""
