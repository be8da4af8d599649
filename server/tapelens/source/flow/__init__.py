"""Data flow: ways through a program, and what each does with autograd."""
