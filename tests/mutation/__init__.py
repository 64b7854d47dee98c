"""Defects planted into correct projects: are they found, where they are, and repaired?"""
