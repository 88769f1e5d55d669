"""How the region is shown: the scene, the stage that draws it, the window and the outputs."""

import os

# NumPy's matrix library keeps a thread a core, and each spins for some tens of milliseconds before
# it sleeps: a fifteenth of a start's work, done in the way of Qt and of the renderer. Asleep at
# once they are as quick when they are needed. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
