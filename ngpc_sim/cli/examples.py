"""Examples at the end of every help page: what to type, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: by the words of the command
EXAMPLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "ngpc-sim": (
        ("ngpc-sim --scale 8..64", "The four apps at 8, 16, 32 and 64 NFPs, as a table, charts and files."),
        (
            "ngpc-sim --scale 16 --app nerf --resolution fhd,4k --gpu rtx4090",
            "One app at two sizes beside another GPU.",
        ),
        (
            "ngpc-sim --scale 8 --set nfp.clock_ghz=1,1.5 --set nfp.encoding.grid_sram_kib=512,1024 --jobs 2",
            "A sweep of two keys by two processes.",
        ),
        ("ngpc-sim --target nerf@4k30", "The smallest scale that runs NeRF at 4K with 30 frames per second."),
        ("ngpc-sim --scale 8 --app gia --detail bound", "The closed form, at once."),
    ),
    "ngpc-sim sweep": (
        ("ngpc-sim sweep my.yaml --jobs 4", "The sweep that a file describes. The same command goes on after a break."),
        ("ngpc-sim sweep my.yaml --dry-run", "How many design points it has, how long it takes, how large it gets."),
        ("ngpc-sim sweep --schema", "What a sweep file may hold."),
    ),
    "ngpc-sim rerun": (
        ("ngpc-sim rerun out/ngpc", "The same run again. It ends with 1 where a file has other bytes."),
    ),
    "ngpc-sim warmup": (
        ("ngpc-sim warmup", "Compile what simulations need."),
        ("ngpc-sim warmup --scenes --services", "Also what recordings need, and what the bundled traces ask."),
    ),
    "ngpc-sim explore": (
        ("ngpc-sim explore --target nerf@4k60 --minimize area_mm2", "The smallest design that reaches a frame rate."),
        (
            "ngpc-sim explore --space space.yaml --objective fps:max --objective area_mm2:min --budget 40",
            "The Pareto front of a space by 40 replays.",
        ),
    ),
    "ngpc-sim sensitivity": (
        ("ngpc-sim sensitivity --app nerf --scale 16", "How much the frame time changes with each key."),
        (
            "ngpc-sim sensitivity --app gia --method sobol --key nfp.clock_ghz=0.5..2 --key nfp.mlp.rows=32..128",
            "Shares of the variance that two keys have.",
        ),
    ),
    "ngpc-sim compare": (
        ("ngpc-sim compare out/a out/b", "What differs between two runs."),
        ("ngpc-sim compare out/a out/b --tolerance 1%", "The same, for CI. It ends with 1 beyond one per cent."),
    ),
    "ngpc-sim report": (
        ("ngpc-sim report out/ngpc --open", "A page of a run, or of what a sweep has finished so far."),
        ("ngpc-sim report out/a out/b", "A page of two runs side by side."),
    ),
    "ngpc-sim explain": (
        ("ngpc-sim explain speedup", "What a column means: unit, formula, meaning."),
        ("ngpc-sim explain nfp.clock_ghz", "What a key means, and where its value comes from."),
        ("ngpc-sim explain --run out/ngpc", "What has to be known of the numbers of a run."),
        ("ngpc-sim explain limits --run out/ngpc", "The same about one topic."),
    ),
    "ngpc-sim validate": (
        ("ngpc-sim validate", "Every published number beside ours, with a verdict."),
        ("ngpc-sim validate --ladder --jobs 2", "Also from ngpc-paper to ngpc, one assumption at a time."),
        ("ngpc-sim validate --gpu my-gpu.yaml", "Also what fusing gives on a card that gpu measure has measured."),
    ),
    "ngpc-sim calibrate": (
        ("ngpc-sim calibrate", "Fit the free numbers of ngpc-paper to the published rows again."),
        ("ngpc-sim calibrate --free nfp.clock_ghz=0.5..3 --no-profiles", "One free number, without its profile."),
    ),
    "ngpc-sim trace": (
        ("ngpc-sim trace list", "Bundled traces, and scenes to record."),
        ("ngpc-sim trace record mesh.obj --app nsdf", "A trace of an own mesh."),
    ),
    "ngpc-sim trace list": (("ngpc-sim trace list", "Bundled traces, and scenes to record."),),
    "ngpc-sim trace info": (("ngpc-sim trace info nerf-room-fhd", "What a trace holds."),),
    "ngpc-sim trace verify": (("ngpc-sim trace verify my.trace.parquet", "Whether a file is whole."),),
    "ngpc-sim trace record": (
        ("ngpc-sim trace record nerf-room --resolution 4k", "A bundled scene at another size."),
        ("ngpc-sim trace record mesh.obj --app nsdf --eye 0.5,0.6,2 --out mine.trace.parquet", "An own mesh."),
        ("ngpc-sim trace record nsdf-object --path orbit:12", "Twelve frames around an object."),
    ),
    "ngpc-sim trace import": (
        ("ngpc-sim trace import scene.ingp --out scene", "Workload and trace of a snapshot of instant-ngp."),
    ),
    "ngpc-sim arch": (("ngpc-sim arch list", "The built-in architectures."),),
    "ngpc-sim arch list": (("ngpc-sim arch list", "The built-in architectures."),),
    "ngpc-sim arch show": (
        ("ngpc-sim arch show ngpc", "Every value with its source."),
        ("ngpc-sim arch show my.yaml --set nfp.clock_ghz=1.5", "An own file with a changed key."),
    ),
    "ngpc-sim arch schema": (("ngpc-sim arch schema", "What an architecture file may hold, as JSON Schema."),),
    "ngpc-sim gpu": (
        ("ngpc-sim gpu list", "The built-in GPUs, and the adapters of this machine."),
        ("ngpc-sim gpu measure --like rtx3090 --out my-gpu.yaml", "The card of this machine as a GPU file."),
    ),
    "ngpc-sim gpu list": (("ngpc-sim gpu list", "The built-in GPUs, and the adapters of this machine."),),
    "ngpc-sim gpu measure": (
        ("ngpc-sim gpu measure --like rtx3090 --out my-gpu.yaml", "This card, an RTX 3090, as a GPU file for --gpu."),
        (
            "ngpc-sim gpu measure --like rtx3090 --quick --out try.yaml",
            "The same with small sizes, to see that it works.",
        ),
        (
            "ngpc-sim gpu measure --like rtx3090 --app nerf --snapshot fox.ingp --out my-gpu.yaml",
            "A frame of a snapshot too, with its own parameters.",
        ),
    ),
    "ngpc-sim tech": (("ngpc-sim tech list", "The built-in technologies."),),
    "ngpc-sim tech list": (("ngpc-sim tech list", "The built-in technologies."),),
    "ngpc-sim workload": (("ngpc-sim workload list", "The built-in workloads."),),
    "ngpc-sim workload list": (("ngpc-sim workload list", "The built-in workloads, with levels and matrices."),),
    "ngpc-sim workload show": (("ngpc-sim workload show nerf-hashgrid", "One workload with its levels and tables."),),
}
