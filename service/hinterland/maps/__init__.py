"""The overview map: where the rover stood, what it saw, where it came from and where it goes."""
