"""Muscles, ligaments and other missing parts, grown on the bones of a specimen."""
