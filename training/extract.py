"""Run the backbone over all sets once, so that the other scripts are quick: `python -m training.extract …`."""

from __future__ import annotations

from training.pictures import arguments, fingerprint, see


def main() -> None:
    """Fill the cache and say what is in it."""
    options = arguments(__doc__ or "")
    for name, seen in see(options).items():
        print(f"{name:28}{len(seen.rows):7} pictures")
    print("data", fingerprint(options.data))


if __name__ == "__main__":
    main()
