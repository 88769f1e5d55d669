"""Courses: paths of nerves and vessels, computed on the specimen's own anatomy."""
