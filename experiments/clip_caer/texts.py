"""What a student in each of RAER's emotions looks like, in words of our own.

The official texts have no licence; these say as much: the face first, then what the body does.
"""

# In the order of affect.labels.RAER5.
RAER = (
    "calm face, level brows, mouth at rest, following the lesson in a natural posture",
    "a smile, bright eyes, raised cheeks, turned to the lesson and nodding",
    "knitted brows, narrowed eyes, mouth half open, chin in hand, staring at the page",
    "yawning, heavy eyelids, head sinking towards the desk",
    "eyes elsewhere, restless, busy with a phone and turned away from the lesson",
)
