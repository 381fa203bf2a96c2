"""napari-colocalization 0.4.0, which has the same functions: ``coloc040_peer.py FOLDER REPEAT``."""

from coloc015_peer import main

if __name__ == "__main__":
    main("0.4.0")
