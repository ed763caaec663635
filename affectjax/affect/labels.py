"""Label spaces: names of categories in the order of their indices, and who fixed it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelSpace:
    """Names in index order. `source` says who fixed the names and their order."""

    name: str
    names: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Index of a name.

        Raises:
          ValueError: the space has no such name; says which it has.

        >>> EKMAN6.index("fear")
        2
        """
        if name not in self.names:
            raise ValueError(f"{self.name} has no {name!r}; it has {', '.join(self.names)}")
        return self.names.index(name)


def _space(name: str, names: str, source: str) -> LabelSpace:
    return LabelSpace(name, tuple(names.split()), source)


RAVDESS8 = _space(
    "RAVDESS8",
    "neutral calm happy sad angry fearful disgust surprised",
    "Livingstone & Russo 2018; emotion code of the file name - 1 (HiCMAE's code)",
)
CREMAD6 = _space(
    "CREMAD6",
    "anger disgust fear happiness neutral sadness",
    "HiCMAE's code: ANG DIS FEA HAP NEU SAD",
)
EMODB7 = _space(
    "EMODB7",
    "anger boredom disgust fear happiness neutral sadness",
    "Burkhardt et al. 2005 (letters W L E A F N T); alphabetical",
)
EKMAN6 = _space(
    "EKMAN6", "anger disgust fear happiness sadness surprise", "Ekman 1992; alphabetical"
)
EKMAN7 = _space(
    "EKMAN7",
    "neutral happiness sadness surprise fear disgust anger",
    "Ekman's six and neutral in AffectNet's order without contempt",
)
AFFECTNET8 = _space(
    "AFFECTNET8",
    "neutral happiness sadness surprise fear disgust anger contempt",
    "Mollahosseini et al. 2017, expression codes 0 to 7",
)
MIKELS8 = _space(
    "MIKELS8",
    "amusement awe contentment excitement anger disgust fear sadness",
    "Mikels et al. 2005 in EmoSet's order (ImageFolder sets are alphabetical instead)",
)
PLUTCHIK8 = _space(
    "PLUTCHIK8",
    "joy trust fear surprise sadness disgust anger anticipation",
    "Plutchik 1980, around the wheel",
)
EMOTIC26 = LabelSpace(
    "EMOTIC26",
    (
        "affection",
        "anger",
        "annoyance",
        "anticipation",
        "aversion",
        "confidence",
        "disapproval",
        "disconnection",
        "disquietment",
        "doubt/confusion",
        "embarrassment",
        "engagement",
        "esteem",
        "excitement",
        "fatigue",
        "fear",
        "happiness",
        "pain",
        "peace",
        "pleasure",
        "sadness",
        "sensitivity",
        "suffering",
        "surprise",
        "sympathy",
        "yearning",
    ),
    "Kosti et al. 2019, alphabetical; several may hold together",
)
FERPLUS8 = _space(
    "FERPLUS8",
    "neutral happiness surprise sadness anger disgust fear contempt",
    "Barsoum et al. 2016, the columns of fer2013new.csv without unknown and NF",
)
GOEMOTIONS28 = _space(
    "GOEMOTIONS28",
    "admiration amusement anger annoyance approval caring confusion curiosity desire "
    "disappointment disapproval disgust embarrassment excitement fear gratitude grief joy love "
    "nervousness optimism pride realization relief remorse sadness surprise neutral",
    "Demszky et al. 2020, emotions.txt; several may hold together",
)
XED8 = _space(
    "XED8",
    "anger anticipation disgust fear joy sadness surprise trust",
    "Öhman et al. 2020, numbers 1 to 8 of the files less one",
)
RAFDB7 = _space(
    "RAFDB7",
    "surprise fear disgust happiness sadness anger neutral",
    "Li et al. 2017, numbers 1 to 7 of the list less one",
)
CAERS7 = _space(
    "CAERS7",
    "anger disgust fear happiness neutral sadness surprise",
    "Lee et al. 2019, the folders in alphabetical order",
)
DFEW7 = _space(
    "DFEW7",
    "happiness sadness neutral anger surprise disgust fear",
    "Jiang et al. 2020, numbers 1 to 7 of the lists less one",
)
MAFW11 = _space(
    "MAFW11",
    "anger disgust fear happiness neutral sadness surprise contempt anxiety helplessness "
    "disappointment",
    "Liu et al. 2022, in the order of HiCMAE's code",
)
MELD7 = _space(
    "MELD7",
    "neutral surprise fear sadness joy disgust anger",
    "Poria et al. 2019, the order of the authors' README",
)
IEMOCAP4 = _space(
    "IEMOCAP4",
    "anger happiness neutral sadness",
    "the usual four classes of Busso et al. 2008, excitement joined with happiness; alphabetical",
)
IEMOCAP9 = _space(
    "IEMOCAP9",
    "anger disgust excitement fear frustration happiness neutral sadness surprise",
    "Busso et al. 2008; alphabetical",
)
AFFWILD8 = _space(
    "AFFWILD8",
    "neutral anger disgust fear happiness sadness surprise other",
    "Kollias & Zafeiriou 2019, head line of the annotations; other since the third challenge",
)
SEED3 = _space("SEED3", "negative neutral positive", "Zheng & Lu 2015, labels -1, 0, 1 plus one")
BAH2 = _space(
    "BAH2", "absent present", "ambivalence or hesitancy, 0 and 1 of the authors' class_id.yaml"
)
EMPATHETIC32 = _space(
    "EMPATHETIC32",
    "afraid angry annoyed anticipating anxious apprehensive ashamed caring confident content "
    "devastated disappointed disgusted embarrassed excited faithful furious grateful guilty "
    "hopeful impressed jealous joyful lonely nostalgic prepared proud sad sentimental surprised "
    "terrified trusting",
    "Rashkin et al. 2019; alphabetical",
)
EMOTION6 = _space(
    "EMOTION6",
    "anger disgust fear joy sadness surprise",
    "Peng et al. 2015 and 2016 (Emotion6, EmotionROI), the folders in alphabetical order",
)
CORNELL7 = LabelSpace(
    "CORNELL7",
    (*EMOTION6.names, "neutral"),
    "Peng et al. 2015, the columns of Emotion6's ground_truth.txt",
)
ARTEMIS9 = LabelSpace(
    "ARTEMIS9",
    (*MIKELS8.names, "something else"),
    "Achlioptas et al. 2021, the order of the authors' code",
)
EMOART12 = _space(
    "EMOART12",
    "alarmed annoyed aroused bored calm content excited frustrated glad happy sad tired",
    "Zhang et al. 2025, the words of Annotation.json; alphabetical",
)
FERV7 = _space(
    "FERV7",
    "happiness sadness neutral anger surprise disgust fear",
    "Wang et al. 2022, in the order of SVFAP's code",
)
RAER5 = _space(
    "RAER5",
    "neutrality enjoyment confusion fatigue distraction",
    "Zhao et al. 2025, numbers 1 to 5 of the lists less one",
)
MER6 = _space(
    "MER6",
    "neutral angry happy sad worried surprise",
    "Lian et al. 2023 (MER2023), the order of the organisers' tools",
)
MSPIMPROV4 = _space(
    "MSPIMPROV4",
    "anger happiness neutral sadness",
    "Busso et al. 2017, letters A H N S of the majority, in HiCMAE's order",
)
MSPPODCAST8 = _space(
    "MSPPODCAST8",
    "anger sadness happiness surprise fear disgust contempt neutral",
    "Lotfian & Busso 2019, letters A S H U F D C N in the order of the corpus's label file",
)
AVCAFFE_AROUSAL5 = _space(
    "AVCAFFE_AROUSAL5",
    "excited wide-awake neutral dull calm",
    "Sarkar et al. 2023, the order of the authors' loader",
)
AVCAFFE_VALENCE5 = _space(
    "AVCAFFE_VALENCE5",
    "pleasant pleased neutral unsatisfied unpleasant",
    "Sarkar et al. 2023, the order of the authors' loader",
)
ISEAR7 = _space(
    "ISEAR7",
    "joy fear anger sadness disgust shame guilt",
    "Scherer & Wallbott 1994, numbers 1 to 7 of EMOT less one",
)
MEAD8 = _space(
    "MEAD8",
    "angry contempt disgusted fear happy neutral sad surprised",
    "Wang et al. 2020, the folders in alphabetical order",
)
MAHNOB13 = _space(
    "MAHNOB13",
    "neutral anger disgust fear joy sadness surprise scream boredom sleepiness unknown amusement "
    "anxiety",
    "Soleymani et al. 2012, numbers 0 to 12 of feltEmo",
)
MOSEI6 = _space(
    "MOSEI6",
    "happiness sadness anger surprise disgust fear",
    "Zadeh et al. 2018, the columns of CMU_MOSEI_Labels.csd after the sentiment",
)
SPACES = (
    *(RAVDESS8, CREMAD6, EKMAN6, EKMAN7, AFFECTNET8, MIKELS8, PLUTCHIK8, EMOTIC26),
    *(FERPLUS8, GOEMOTIONS28, XED8, RAFDB7, CAERS7),
    *(DFEW7, MAFW11, MELD7, IEMOCAP4, IEMOCAP9, AFFWILD8, SEED3, BAH2, EMPATHETIC32),
    *(EMOTION6, CORNELL7, ARTEMIS9, EMOART12, FERV7, RAER5, MER6, MSPIMPROV4, MSPPODCAST8),
    *(AVCAFFE_AROUSAL5, AVCAFFE_VALENCE5, ISEAR7, MEAD8, MAHNOB13, MOSEI6),
)
