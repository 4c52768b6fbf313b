"""`python -m similis` is `similis`."""

from similis.cli import main

main()
