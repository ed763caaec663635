"""A run's network as the teacher that `config.init` of configs/neurogaze starts from.

  python -m experiments.neurogaze.start --teacher=runs/plain --workdir=runs/neurogaze_start

Reads the selected checkpoint of a run of configs/neurogaze/ferplus.py, of the same size.
"""

from absl import app, flags

from affectjax.train import checkpoint


def write(teacher: str, workdir: str) -> None:
    """Write a checkpoint that holds the teacher and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
      ValueError: the run is not one of a trunk and a head.
    """
    given = checkpoint.restore_params(teacher)
    if not {"trunk", "head"} <= {*given}:
        raise ValueError(
            f"--teacher={teacher} holds {sorted(given)}: name a run of configs/neurogaze/ferplus.py"
        )
    params = {"teacher": {**given["trunk"], "head": given["head"]}}
    checkpoint.write_params(workdir, params, "uar", {"teacher": str(teacher)})


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    teacher, workdir = flags.FLAGS.teacher, flags.FLAGS.workdir
    write(teacher, workdir)
    print(f"written: {workdir}; configs/neurogaze/ferplus.py:init={workdir}")


if __name__ == "__main__":
    flags.DEFINE_string("teacher", None, "work directory of the run that teaches", required=True)
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    app.run(main)
