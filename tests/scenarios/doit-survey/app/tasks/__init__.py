"""What single regions ask for."""
