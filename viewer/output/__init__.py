"""What leaves the program: pictures and models."""
