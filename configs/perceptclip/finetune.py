"""PerceptCLIP: CLIP's image tower with low-rank branches, for one perceptual task at a time.

  python -m affectjax.main --config=configs/perceptclip/finetune.py:init=runs/clip \
    --workdir=runs/percept
  python -m affectjax.main --config=configs/perceptclip/finetune.py:init=runs/clip \
    --workdir=runs/percept --mode=evaluate

Tasks: emotion (EmoSet), quality (KonIQ-10k), memorability (LaMem, split `fold`), and of ours affect
(OASIS's valence and arousal, fold `fold`); each reads the folder of its dataset under
$AFFECTJAX_DATA (default: ../shared/data). The recipe is the paper's ("Don't Judge Before You CLIP",
arXiv 2503.13260) as far as it is told: OpenAI's ViT-L/14 frozen, LoRA of rank 16 and alpha 8 on
queries, keys and values with dropout 0.1, a head of 512 and 256 with dropout 0.5; cross-entropy, a
loss of Pearson's correlation for quality, squared error; AdamW, batch 32, rate 1e-4 for emotion
and 5e-5 else. Ours, where it is silent: 10 epochs, a cosine to 0, decay 0.01, a flip for emotion.
`init` names a work directory that holds CLIP's weights; without it the tower is random.
Paper's scores: could not be read. Ours: not yet measured. Hardware: accelerators.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ml_collections

from affectjax import config as config_lib
from affectjax.affect.labels import MIKELS8
from affectjax.config import call, recorded
from affectjax.data import source
from affectjax.data.ops import image, labels, picture
from affectjax.models import clip, lora, percept
from affectjax.tasks import classify, pictures, rate, regress
from affectjax.train import defaults, optim, schedule
from tfds_builders.oasis import oasis_dataset_builder as oasis

TINY = clip.Size(16, 8, 16, clip.Tower(16, 1, 2), clip.Tower(16, 1, 2), "quick_gelu")
VARIANTS = ("task=quality",)
BUILT = ("task=memorability", "task=affect", "lora=False")


@dataclass(frozen=True)
class Data:
    """Where a task's pictures are; how many train; what the model says of them and how it learns.

    `score` is the data's number and its lowest and highest value.
    """

    builder: str
    pictures: int
    output: str
    outputs: int
    metric: str
    rate: float = 5e-5
    builder_config: Callable[[int], str] = lambda fold: ""
    score: tuple[str, float, float] | None = None
    criterion: str = "mse"
    splits: Callable[[int], Mapping[str, str]] = field(default=lambda fold: {})


TASKS = {
    "emotion": Data("emoset", 94_481, "logits", len(MIKELS8), "uar", rate=1e-4),
    "quality": Data(
        "koniq10k",
        7_058,
        "score",
        1,
        "srcc",
        builder_config=lambda fold: "half",
        score=("mos", 0.0, 100.0),
        criterion="pearson",
    ),
    "memorability": Data(
        "lamem",
        45_000,
        "score",
        1,
        "srcc",
        builder_config=lambda fold: f"split{fold}",
        score=("memorability", 0.0, 1.0),
    ),
    "affect": Data(
        "oasis",
        65,
        "vad",
        2,
        "ccc_mean",
        builder_config=lambda fold: "images_present",
        splits=oasis.folds,
    ),
}


def get_config(arg: str = "") -> ml_collections.ConfigDict:
    """Arguments: task (of TASKS), fold 1..5 (of memorability and affect), init (a work directory to
    start from), lora (False: the head alone learns), size (of `clip.size`), epochs, batch, seed,
    tiny, fake.
    """
    arg = config_lib.parse_arg(
        arg,
        task="emotion",
        fold=1,
        init="",
        lora=True,
        size="openai:L/14",
        epochs=10,
        batch=32,
        seed=0,
        tiny=False,
        fake=False,
    )
    config_lib.one_of(arg, task=TASKS)
    data = TASKS[arg.task]
    config = defaults.config(seed=arg.seed, topology="v5e:2x2")
    defaults.epochs(config, arg.epochs, data.pictures, arg.batch)
    config.train.update(
        trained=["^tower/lora/", "^mlp_"] if arg.lora else ["^mlp_"],
    )
    _data(config, arg, data)
    if arg.tiny:
        defaults.tiny(config)
    config.task = _task(arg, data)
    config.select.metric = data.metric
    steps = config.train.steps
    config.optimizer = call(
        optim.adamw,
        schedule=call(schedule.warmup_cosine, peak=data.rate, steps=steps, warmup=0),
        weight_decay=0.01,
    )
    config.init = arg.init
    if arg.init:
        config.init_fresh = ["^tower/lora/", "^mlp_"]
        config.init_drop = ["^mlp_"]
    return config


def _data(config: ml_collections.ConfigDict, arg: ml_collections.ConfigDict, data: Data) -> None:
    config.data.update(
        builder=f"tfds_builders.{data.builder}.{data.builder}_dataset_builder",
        builder_config=data.builder_config(arg.fold),
        manual_dir="" if arg.fake else source.raw_folder(data.builder, "../shared/data"),
        fake=64 if arg.fake else 0,
    )
    config.data.splits.update(data.splits(arg.fold))
    side = TINY.image if arg.tiny else clip.size(arg.size).image
    cut = [
        call(picture.ShortSide, side=side, interpolation="bilinear"),
        call(picture.CentreCrop, side=side),
    ]
    flip = [call(image.Flip, prob=0.5)] if arg.task == "emotion" else []
    of_labels = []
    if data.score:
        key, low, high = data.score
        of_labels = [call(labels.Score, key=key, low=low, high=high)]
    config.data.train_ops = [call(picture.On, key="image", ops=[*cut, *flip]), *of_labels]
    config.data.eval_ops = [call(picture.On, key="image", ops=cut), *of_labels]


def _task(arg: ml_collections.ConfigDict, data: Data) -> ml_collections.ConfigDict:
    size = TINY if arg.tiny else clip.size(arg.size)
    tower = call(
        clip.ImageTower,
        tower=recorded(size.vision),
        image=size.image,
        patch=size.patch,
        embed=size.embed,
        act=size.act,
    )
    if arg.lora:
        branches = call(lora.Lora, targets=["attn/(q|k|v)$"], rank=16, alpha=8.0, dropout=0.1)
        tower = call(lora.Adapted, model=tower, lora=branches)
    model = call(percept.Percept, tower=tower, output=data.output, outputs=data.outputs)
    read = call(pictures.Pictures, keys=["image"], norm="clip")
    if data.output == "logits":
        return call(classify.Classify, model=model, inputs=read, classes=data.outputs)
    if data.output == "score":
        return call(rate.Rate, model=model, inputs=read, criterion=data.criterion)
    return call(regress.Regress, model=model, inputs=read, criterion=data.criterion)
