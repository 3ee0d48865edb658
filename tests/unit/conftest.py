"""How hypothesis searches: the same amount everywhere, the same examples where CI says so."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "nem12",
    deadline=None,  # a busy machine is no failure
    max_examples=100,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # examples may share a folder
        HealthCheck.too_slow,
    ],
)
settings.load_profile("nem12")
