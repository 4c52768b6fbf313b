"""The canary hunt: shows on a running service that pictures are not kept."""

__all__: list[str] = []
