"""What pyproject.toml cannot say: a wheel holds what is in the checkout, and nothing else."""

import shutil

from setuptools import setup
from setuptools.command.build import build


class FreshBuild(build):
    """Without what an earlier build has left in build/, which would go into the wheel too."""

    def run(self) -> None:
        """Build from nothing."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build": FreshBuild})
