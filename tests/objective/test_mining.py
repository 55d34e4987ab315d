import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from rrg.data.findings import differing_fact, label_report
from rrg.data.reports import normalise
from rrg.objective.mining import PeerIndex
from rrg.types import RrgError

TEXTS = [
    "There is a small left pleural effusion.",
    "There is a small left pleural effusion!",
    "There is a small right pleural effusion.",
    "The heart is enlarged. There is a small left pleural effusion.",
    "There is a large left pneumothorax.",
    "There is a small right pleural effusion. No pneumothorax.",
]
PATIENTS = ["a", "b", "c", "d", "e", "a"]


def index(texts=TEXTS, patients=PATIENTS):
    return PeerIndex(texts, patients, [label_report(text) for text in texts])


def mine_slow(texts, patients):
    made = index(texts, patients)
    similarity = cosine_similarity(made.vectorizer.transform([normalise(t) for t in texts]))
    peers = []
    for i in range(len(texts)):
        allowed = [
            j
            for j in range(len(texts))
            if patients[j] != patients[i]
            and normalise(texts[j]) != normalise(texts[i])
            and differing_fact(label_report(texts[i]), label_report(texts[j])) is not None
        ]
        peers.append(max(allowed, key=lambda j: (np.float32(similarity[i, j]), -j), default=None))
    return peers


def test_mining_is_the_slow_search():
    assert [peer and peer.index for peer in index().mine()] == mine_slow(TEXTS, PATIENTS)


def test_identical_texts_same_patient_and_equal_findings_are_no_peers():
    peers = index().mine()
    assert peers[0].index not in (0, 1)  # neither itself nor its twin
    assert peers[0].reason == differing_fact(label_report(TEXTS[0]), label_report(TEXTS[peers[0].index]))
    assert peers[5].index != 0


def test_a_text_from_outside_finds_its_peer():
    peer = index().nearest("There is a small left pleural effusion.", "someone else", label_report(TEXTS[0]))
    assert peer.index == index().mine()[0].index
    assert 0 < peer.similarity <= 1


def test_nothing_differs_means_no_peer():
    texts = ["The lungs are clear.", "Lungs are clear."]
    assert index(texts, ["a", "b"]).mine() == [None, None]


def test_no_words_is_an_error():
    with pytest.raises(RrgError, match="no words"):
        index(["", ""], ["a", "b"])
