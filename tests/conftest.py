"""What every test shares. Fixtures of one part stand in that folder's own conftest.py."""

import os
from pathlib import Path

from hypothesis import configuration, settings

configuration.set_hypothesis_home_dir(Path(__file__).parent.parent / ".cache/hypothesis")
if not os.environ.get("CI"):  # there, hypothesis loads a profile of its own: the same examples at every run
    settings.register_profile("here", deadline=None)  # a busy machine is not a defect
    settings.load_profile("here")
