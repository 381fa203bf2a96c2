"""The four stages of a pair: read, register roughly, register finely, subtract. Each is kept and taken up again."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.progress import Verbose, reporter
from lumentrace.engine.steps import StepRun
from lumentrace.files import replacing
from lumentrace.provenance import Provenance, environment
from lumentrace.stain import histograms as counting
from lumentrace.stain.canvas import Canvas, written
from lumentrace.stain.checkpoints import FORMATS, fits_header
from lumentrace.stain.estimates import preflight_check
from lumentrace.stain.histograms import bands
from lumentrace.stain.images import find_pair, read_raw
from lumentrace.stain.memory import MemoryWatchdog
from lumentrace.stain.parameters import DEFAULTS, WITHOUT_EFFECT, StainParameters, build_suffix, differing
from lumentrace.stain.registration.align import Search
from lumentrace.stain.registration.levels import LONGEST
from lumentrace.stain.registration.register import register
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.scale import Noise, Scale, manual, noise_of_difference, percentile
from lumentrace.stain.stages import NAMES, Stage, file_hash, identity, read_stage, write_stage
from lumentrace.stain.subtraction import Pictures, Spots, differences, estimate

logger = logging.getLogger(__name__)

FIRST, LAST = 1, 4
ROUGH_SIDE = 300
"""The first alignment is made on images of at least so many pixels."""
STEP = 6.0
EXPECTED = (OSError, ValueError, MemoryError, ImportError, RuntimeError)
"""What ends a task with a message; anything else is a defect."""

Image = NDArray[Any]


class SampleDye:
    """One sample and dye: the pair of images, its settings and its results on disk.

    Parameters
    ----------
    sample, dye : str
    output_dir : path, default 'processed'
        Results go to ``<output_dir>/<sample>/<dye>/``.
    raw_dir : path, default 'raw'
    checkpoint_format : {'tiff', 'fits', 'both'}, default 'tiff'

    Raises
    ------
    ValueError
        If the format is unknown.
    OSError
        If the folders cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import stain
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stain.simulate(size=256, seed=5).save(f"{folder}/raw", "S001", "SybrGld")
    ...     task = stain.SampleDye("S001", "SybrGld", f"{folder}/processed", f"{folder}/raw")
    ...     task.set_params(pad=10)
    ...     result = task.run()
    >>> result["status"], round(result["scale_estimate"], 1)
    ('complete', 1.3)
    """

    def __init__(
        self,
        sample: str,
        dye: str,
        output_dir: str | os.PathLike[str] = "processed",
        raw_dir: str | os.PathLike[str] = "raw",
        checkpoint_format: str = "tiff",
    ):
        if checkpoint_format not in FORMATS:
            raise ValueError(f"`checkpoint_format`: expected one of {', '.join(FORMATS)}, found {checkpoint_format!r}")
        self.sample, self.dye = sample, dye
        self.output_dir, self.raw_dir = output_dir, raw_dir
        self.checkpoint_format = checkpoint_format
        self.folder = Path(output_dir) / sample / dye
        self._parameters = StainParameters()
        self._inputs: dict[str, str] = {}
        self._pair: tuple[Image, Image] | None = None
        for name in ("tiff", "fits", "pipeline_output"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def params(self) -> dict[str, Any]:
        """A copy of all parameters."""
        return self._parameters.to_dict()

    def set_params(self, **changes: Any) -> None:
        """Change parameters.

        Raises
        ------
        ValueError
            If a name is unknown or a value out of range.
        """
        self._parameters = self._parameters.with_changes(changes)

    def reset_params(self) -> None:
        """Set all parameters to their defaults."""
        self._parameters = StainParameters()

    def non_default_params(self, stage: int | None = None) -> dict[str, Any]:
        """Parameters that differ from the default and count for a stage, or for any."""
        return differing(self.params, stage)

    @property
    def registration(self) -> Registration | None:
        """The registration of stage 3, or of stage 2 if that is all there is; None before."""
        for stage in (3, 2):
            found, _ = self._finished(stage)
            if found is not None:
                return Registration.from_dict(found.result["registration"])
        return None

    def status(self) -> list[dict[str, Any]]:
        """For each stage its number and name, whether it is done, and why not if something is wrong."""
        rows = []
        for stage, name in NAMES.items():
            found, why = self._finished(stage)
            rows.append({"stage": stage, "name": name, "done": found is not None, "reason": why})
        return rows

    def compare(self, name: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Run with several values of a parameter, and return what came of each; the parameter then is as before."""
        before = self._parameters
        try:
            rows = []
            for value in values:
                self.set_params(**{name: value})
                rows.append({name: value, **self.run()})
            return rows
        finally:
            self._parameters = before

    def run(
        self,
        from_stage: int | None = None,
        to_stage: int | None = None,
        force: bool = False,
        force_run: bool = False,
        verbose: Verbose = False,
    ) -> dict[str, Any]:
        """Run the stages that are not done yet.

        Parameters
        ----------
        from_stage, to_stage : int, optional
            1 to 4. Stages before the first are run too if they are missing.
        force : bool, default False
            Run stages again that are done.
        force_run : bool, default False
            Go on though memory or disk seem too small.
        verbose : bool or callable, default False
            True for a progress bar.

        Returns
        -------
        dict
            ``sample``, ``dye`` and ``status``: 'complete', 'unreliable: ...' if the registration cannot be trusted, or
            'error: ...'. With stage 4 also ``scale_estimate``, ``scale_error``, ``scale_percentile_value``,
            ``manual_scale``, ``spots`` and ``report``; from stage 2 on ``registration_ok``, ``registration_error_px``.

        Raises
        ------
        ValueError
            If a stage is none of 1 to 4.
        """
        first, last = from_stage or FIRST, to_stage or LAST
        if not FIRST <= first <= last <= LAST:
            raise ValueError(f"expected stages from {FIRST} to {LAST}, found {from_stage} to {to_stage}")
        result: dict[str, Any] = {"sample": self.sample, "dye": self.dye}
        try:
            with MemoryWatchdog() as watchdog:
                found = self._run(first, last, force, force_run, verbose, watchdog)
        except EXPECTED as error:
            logger.info("%s/%s failed", self.sample, self.dye, exc_info=True)
            return {**result, "status": f"error: {error}"}
        finally:
            self._pair = None
        return {**result, **found}

    def _run(
        self, first: int, last: int, force: bool, force_run: bool, verbose: Verbose, watchdog: MemoryWatchdog
    ) -> dict[str, Any]:
        own = self._parameters
        methods = 1 + (own.scale_percentile is not None) + (own.manual_scale is not None)
        preflight_check(
            [(self.sample, self.dye)],
            self.output_dir,
            self.raw_dir,
            own.pad,
            checkpoint_format=self.checkpoint_format,
            n_scale_methods=methods,
            save_all_intermediates=own.save_all_intermediates,
            force_run=force_run,
        )
        ignored = [name for name in self.non_default_params() if name in WITHOUT_EFFECT]
        if ignored:
            print(f"{self.sample}/{self.dye}: no effect on this registration: {', '.join(ignored)}")
        self._inputs = self._hashes()
        works: dict[int, Callable[[], tuple[list[Path], dict[str, Any]]]] = {
            1: self._pad,
            2: self._align_roughly,
            3: self._align_finely,
            4: self._subtract,
        }
        done: dict[int, Stage] = {}
        history = Provenance(input={**self._inputs, "raw_dir": str(self.raw_dir)})
        with StepRun(history, 100, last, verbose, f"{self.sample}/{self.dye}", "%") as steps:
            for stage in range(FIRST, last + 1):
                found, why = (None, "") if force and stage >= first else self._finished(stage)
                if why:
                    print(f"{self.sample}/{self.dye}: stage {stage} is run again: {why}")
                if found is None:
                    watchdog.check_or_raise(f"{self.sample}/{self.dye}, stage {stage}")
                    files, result = steps.run(NAMES[stage], self._used(stage), works[stage])
                    result["provenance"] = steps.provenance.to_dict()
                    found = write_stage(self._record(stage), self._identity(stage), self.folder, files, result)
                else:
                    steps.run(NAMES[stage], {"kept": True}, lambda: None)
                done[stage] = found
        return self._summary(done)

    def _summary(self, done: dict[int, Stage]) -> dict[str, Any]:
        summary: dict[str, Any] = {"status": "complete"}
        registered = done.get(3) or done.get(2)
        if registered is not None:
            found = Registration.from_dict(registered.result["registration"])
            summary["registration_ok"], summary["registration_error_px"] = found.ok, found.error_px
            if not found.ok and 3 in done:
                summary["status"] = f"unreliable: {'; '.join(found.reasons)}"
        if 4 in done:
            scales = {entry["method"].split("_")[0]: entry for entry in done[4].result["scales"]}
            fitted = done[4].result["scales"][0]
            summary |= {
                "scale_estimate": fitted["value"],
                "scale_error": fitted["error"],
                "scale_percentile_value": scales["percentile"]["value"] if "percentile" in scales else None,
                "manual_scale": self._parameters.manual_scale,
                "spots": done[4].result["spots"],
                "warnings": done[4].result["warnings"],
                "report": str(self.folder / done[4].result["report"]),
            }
        return summary

    # What is on disk

    def _hashes(self) -> dict[str, str]:
        post, pre = find_pair(self.sample, self.dye, self.raw_dir)
        return {"post": file_hash(Path(post)), "pre": file_hash(Path(pre))}

    def _suffix(self, stage: int) -> str:
        return build_suffix(self.params, stage)

    def _record(self, stage: int) -> Path:
        return self.folder / f"{NAMES[stage]}{self._suffix(stage)}.json"

    def _identity(self, stage: int) -> dict[str, Any]:
        return identity(self._inputs, self.params, stage)

    def _finished(self, stage: int) -> tuple[Stage | None, str]:
        if not self._inputs:
            self._inputs = self._hashes()
        found, why = read_stage(self._record(stage), self._identity(stage), self.folder)
        if found is not None and not self._has_formats(found):
            return None, f"{NAMES[stage]} is there in another format"
        return found, why

    def _has_formats(self, stage: Stage) -> bool:
        held = {Path(name).parts[0] for name in stage.files}
        wanted = {"tiff", "fits"} if self.checkpoint_format == "both" else {self.checkpoint_format}
        return wanted <= held

    def _used(self, stage: int) -> dict[str, Any]:
        return {name: value for name, value in self._identity(stage)["parameters"].items() if value != DEFAULTS[name]}

    def _images(self) -> tuple[Image, Image]:
        """Post- and pre-stain image, read once per run."""
        if self._pair is None:
            images = [read_raw(path) for path in find_pair(self.sample, self.dye, self.raw_dir)]
            for warning in (*images[0].warnings, *images[1].warnings):
                print(warning)
            self._pair = images[0].pixels, images[1].pixels
        return self._pair

    def _registered(self, stage: int) -> Registration:
        found, why = self._finished(stage)
        if found is None:
            raise RuntimeError(f"stage {stage} is missing{': ' if why else ''}{why}")
        return Registration.from_dict(found.result["registration"])

    # Stages

    def _canvas(self) -> Canvas:
        post, pre = self._images()
        return Canvas.around(self._parameters.pad, post.shape, pre.shape)

    def _writer(self, stage: int, name: str, dtype: Any, fill: float, extra: dict[str, Any]) -> tuple[Any, list[Path]]:
        """A writer of one image, and its files."""
        base = f"{NAMES[stage]}_{name}"
        tiff = self.folder / "tiff" / f"{base}.tiff" if self.checkpoint_format != "fits" else None
        fits = self.folder / "fits" / f"{base}.fits" if self.checkpoint_format != "tiff" else None
        used = {key: value for key, value in self.params.items() if key in self._identity(stage)["parameters"]}
        header = None if fits is None else fits_header(self.sample, self.dye, NAMES[stage], used, extra)
        about = {
            "sample": self.sample,
            "dye": self.dye,
            "stage": NAMES[stage],
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "pad": self._parameters.pad,
            "parameters": used,
            **{key: value[0] if isinstance(value, tuple) else value for key, value in extra.items()},
        }
        title = f"{self.sample} {self.dye} {base}"
        note = json.dumps(about, default=str)
        writer = written(self._canvas(), dtype, fill, tiff, fits, title, note, header)
        return writer, [path for path in (tiff, fits) if path is not None]

    def _pad(self) -> tuple[list[Path], dict[str, Any]]:
        files: list[Path] = []
        for name, image in zip(("post", "pre"), self._images(), strict=True):
            writer, places = self._writer(1, f"{name}{self._suffix(1)}", image.dtype, 0, {})
            with writer as canvas:
                for top, end in bands(image.shape[0]):
                    canvas.add(image[top:end])
            files += places
        post, pre = self._images()
        return files, {"post_shape": list(post.shape), "pre_shape": list(pre.shape), "pad": self._parameters.pad}

    def _search(self) -> Search:
        own = self._parameters
        sizes = (own.scale_min, own.scale_max) if own.scale_search else ()
        return Search(own.angle_range, max(own.angle_step, STEP), own.rotation_search, sizes)

    def _align_roughly(self) -> tuple[list[Path], dict[str, Any]]:
        post, pre = self._images()
        side = max(ROUGH_SIDE, int(max(post.shape) * self._parameters.down_scale))
        found = register(post, pre, local=False, longest=min(side, LONGEST), search=self._search())
        files = self._aligned(2, "pre", found)
        if self._parameters.save_all_intermediates:
            coarse = register(post, pre, local=False, longest=ROUGH_SIDE, search=self._search())
            files += self._aligned(2, "coarse_pre", coarse)
        return files, {"registration": found.to_dict()}

    def _align_finely(self) -> tuple[list[Path], dict[str, Any]]:
        found = self._registered(2)
        if self._parameters.interior_ecc:
            local: Any = self._parameters.local_model
            found = register(*self._images(), local=local, start=found.matrix)
        extra = {
            "IACC": (found.error_px if np.isfinite(found.error_px) else -1, "error in pixels"),
            "ILVLOK": int(found.ok),
        }
        place = self.folder / "pipeline_output" / f"registration{self._suffix(3)}.json"
        found.save(place)
        return [*self._aligned(3, "pre", found, extra), place], {"registration": found.to_dict()}

    def _aligned(self, stage: int, name: str, found: Registration, extra: dict[str, Any] | None = None) -> list[Path]:
        """Write the pre-stain image as the post-stain one sees it; 0 where there is nothing."""
        post, pre = self._images()
        tell = reporter()
        cards = {f"W{row + 1}{column + 1}": float(found.matrix[row, column]) for row in range(3) for column in range(3)}
        writer, files = self._writer(stage, f"{name}{self._suffix(stage)}", np.float32, 0, {**(extra or {}), **cards})
        with writer as canvas:
            for top, end in bands(post.shape[0]):
                rows = found.warp_rows(pre, top, end - top, "linear" if stage == 2 else "smooth")
                canvas.add(np.nan_to_num(rows, nan=0.0))
                if tell is not None:
                    tell(100 * end // post.shape[0])
        return files

    def _subtract(self) -> tuple[list[Path], dict[str, Any]]:
        post, pre = self._images()
        found = self._registered(3)
        own = self._parameters
        counts = counting.count(post, pre, found)
        scales = [estimate(post, pre, found, counts, own.offset, own.histogram)]
        noise = noise_of_difference(counts, scales[0])
        spots, pictures = Spots(post.shape[1]), Pictures(post.shape)
        files = self._write_difference(scales[0], noise, spots, pictures)
        if own.scale_percentile is not None:
            scales.append(percentile(counts, own.scale_percentile))
        if own.manual_scale is not None:
            scales.append(manual(own.manual_scale))
        for scale in scales[1:]:
            files += self._write_difference(scale, noise)
        table = spots.table()
        output = self.folder / "pipeline_output"
        report, listing = output / f"report{self._suffix(4)}.html", output / f"spots{self._suffix(4)}.csv"
        with replacing(listing) as file:
            table.write_csv(file)
        warnings = [*found.warnings, *_doubts(scales[0])]
        outcome = {
            "scales": [scale.to_dict() for scale in scales],
            "noise": {"read": noise.read, "gain": noise.gain},
            "spots": len(table),
            "warnings": warnings,
            "report": str(report.relative_to(self.folder)),
        }
        images = {**pictures.images(), "before": pictures.before(pre)}
        self._report(report, found, scales, counts, images, pictures.factor, table, warnings)
        return [*files, listing, report], outcome

    def _write_difference(
        self, scale: Scale, noise: Noise, spots: Spots | None = None, pictures: Pictures | None = None
    ) -> list[Path]:
        """Write a difference; that of the fitted scale with its significance, unless both are there already."""
        post, pre = self._images()
        fitted = pictures is not None
        name = "" if fitted else f"_{scale.method}"
        # The fitted scale does not depend on the other ones that were asked for: its files are shared.
        plain = self._parameters.with_changes({"scale_percentile": None, "manual_scale": None}).to_dict()
        suffix = build_suffix(plain if fitted else self.params, LAST)
        kept = self._kept_differences(plain, suffix) if fitted else []
        cards = {"SCALE": scale.value, "SCALEK": scale.method, "OFFSET": scale.offset}
        files = list(kept)
        with ExitStack() as stack:
            canvases = {}
            for part in () if kept else ("difference", "significance") if fitted else ("difference",):
                writer, own = self._writer(4, f"{part}{name}{suffix}", np.float32, np.nan, cards)
                canvases[part] = stack.enter_context(writer)
                files += own
            multiple = 1 if pictures is None else pictures.factor
            for band in differences(post, pre, self._registered(3), scale, noise, multiple):
                for part, canvas in canvases.items():
                    canvas.add(getattr(band, part))
                for collector in (spots, pictures):
                    if collector is not None:
                        collector.add(band)
        return files

    def _kept_differences(self, plain: dict[str, Any], suffix: str) -> list[Path]:
        """Files of the fitted scale that a run without other scales has left."""
        if plain == self.params:
            return []
        made_from = identity(self._inputs, plain, LAST)
        found, _ = read_stage(self.folder / f"{NAMES[LAST]}{suffix}.json", made_from, self.folder)
        if found is None or not self._has_formats(found):
            return []
        return [self.folder / name for name in found.files if Path(name).parts[0] in ("tiff", "fits")]

    def _report(
        self,
        path: Path,
        registration: Registration,
        scales: Sequence[Scale],
        counts: counting.Histograms,
        images: dict[str, Any],
        factor: int,
        table: Any,
        warnings: Sequence[str],
    ) -> None:
        from lumentrace.plots.stains.report import stain_report

        changed = self.non_default_params() or "all at their defaults"
        history = {"raw files (xxh3)": self._inputs, "parameters": changed, "environment": environment()}
        title = f"{self.sample}, {self.dye}"
        stain_report(path, title, registration, scales, counts, images, factor, table, warnings, history)


def _doubts(scale: Scale) -> list[str]:
    """What is odd about a scale."""
    doubts = []
    if scale.value < 1:
        doubts.append(f"the scale is below 1 ({scale.value:.3f}): were pre and post swapped?")
    if scale.status not in ("converged", "given"):
        doubts.append(f"the fit of the scale: {scale.status}")
    return doubts
