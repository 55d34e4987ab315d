import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from rrg.data.findings import differing_fact, label_report, stated_facts
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


def index(texts=TEXTS, patients=PATIENTS, by="wording"):
    return PeerIndex(texts, patients, [label_report(text) for text in texts], by)


def first(peers):
    return peers[0] if peers else None


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
    assert [first(peers) and first(peers).index for peers in index().mine()] == mine_slow(TEXTS, PATIENTS)


def test_identical_texts_same_patient_and_equal_findings_are_no_peers():
    peers = [first(each) for each in index().mine()]
    assert peers[0].index not in (0, 1)  # neither itself nor its twin
    assert peers[0].reason == differing_fact(label_report(TEXTS[0]), label_report(TEXTS[peers[0].index]))
    assert peers[5].index != 0


def test_a_text_from_outside_finds_its_peer():
    peer = index().nearest("There is a small left pleural effusion.", "someone else", label_report(TEXTS[0]))
    assert peer.index == index().mine()[0][0].index
    assert 0 < peer.similarity <= 1


def test_nothing_differs_means_no_peer():
    texts = ["The lungs are clear.", "Lungs are clear."]
    assert index(texts, ["a", "b"]).mine() == [(), ()]


def test_no_words_is_an_error():
    with pytest.raises(RrgError, match="no words"):
        index(["", ""], ["a", "b"])


def test_several_peers_are_the_nearest_in_order():
    all_of_them = index().mine(among=9)
    assert [each[:1] for each in all_of_them] == index().mine()
    assert [each[:3] for each in all_of_them] == index().mine(among=3)
    for peers in all_of_them:
        similarity = [peer.similarity for peer in peers]
        assert similarity == sorted(similarity, reverse=True)
        assert len({peer.index for peer in peers}) == len(peers)


def test_by_findings_the_fewest_facts_apart_come_first_whatever_the_wording():
    texts = [
        "There is a small left pleural effusion. The heart is enlarged.",
        "There is a small left pleural effusion. The heart is enlarged. There is a large right pneumothorax.",
        "The heart is enlarged.",
        "There is a large left pleural effusion. There is a left pneumothorax. The heart is enlarged.",
    ]
    peers = index(texts, list("abcd"), "findings").mine(among=3)
    apart = [[len(set(facts(texts[i])) ^ set(facts(texts[peer.index]))) for peer in peers[i]] for i in range(4)]
    assert all(each == sorted(each) for each in apart)
    assert peers[0][-1].index == 3  # three facts apart, though it shares most words with the first
    outside = index(texts, list("abcd"), "findings").nearest(texts[0], "e", label_report(texts[0]))
    assert outside.index == peers[0][0].index


def facts(text):
    return stated_facts(label_report(text))


def test_a_finding_that_no_indexed_report_names_is_no_obstacle():
    found = index(by="findings").nearest("Left rib fracture.", "z", label_report("Left rib fracture."))
    assert len(facts(TEXTS[found.index])) == 1  # two facts apart: this one and its own
