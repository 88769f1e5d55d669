"""What is known about the gluteal region: courses, zones, evidence, measures."""
