"""The adjustment of one stop: tie points, pointing correction on a chosen surface, levelling of brightness.

`tie_points` finds the same spots of ground in overlapping images, `pointing` turns the cameras and chooses
the surface so that those spots meet, `levelling` finds the gains and offsets that make the images equally
bright.
"""
