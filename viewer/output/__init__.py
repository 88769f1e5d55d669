"""What leaves the program: pictures and models, each with its credit lines."""
