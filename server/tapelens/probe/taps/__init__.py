"""What PyTorch does, told as events."""
