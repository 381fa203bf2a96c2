"""The film that all AFM timings work on: 500 frames of 256 x 256 with 50 moving particles each."""

import sys
from pathlib import Path

import numpy as np

FRAMES, SIZE, PARTICLES = 500, 256, 50


def main() -> None:
    folder = Path(sys.argv[1])
    random = np.random.default_rng(2024)
    grid = np.stack(np.meshgrid(*[np.linspace(20, SIZE - 20, 8)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    places = grid[random.permutation(64)[:PARTICLES]] + random.normal(0, 1, (PARTICLES, 2))
    home = places.copy()
    film = random.normal(0, 0.15, (FRAMES, SIZE, SIZE))
    reach = np.arange(-10, 11)
    for frame in film:
        places += random.normal(0, 0.4, places.shape) - 0.1 * (places - home)
        for y, x in places:
            rows, columns = int(y) + reach, int(x) + reach
            bump = np.exp(-((rows[:, None] - y) ** 2 + (columns[None] - x) ** 2) / (2 * 2.5**2))
            frame[np.ix_(rows, columns)] += 6 * bump
    y, x = np.indices((SIZE, SIZE)) / SIZE
    np.save(folder / "film.npy", film)
    np.save(folder / "tilted.npy", film[:100] + 30 * x - 20 * y + 8 * x * y)


if __name__ == "__main__":
    main()
