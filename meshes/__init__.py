"""What the region is made of, and how it gets here: structures, specimens, landmarks, sources."""
