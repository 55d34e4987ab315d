"""Which side, severity and place belong to which finding, in made-up sentences: + present, - absent, ? uncertain."""

import pytest

from tests.data.readings import read, table

SAID = """
No focal consolidation, large effusion, edema or pneumothorax.
  | Consolidation -; Edema -; Pleural Effusion - large; Pneumothorax -
Without effusion or pneumothorax, the lungs show mild edema. | Edema + mild; Pleural Effusion -; Pneumothorax -
No effusion but a moderate right pneumothorax. | Pleural Effusion -; Pneumothorax + right moderate
No pneumothorax or effusion, but there is left lower lobe consolidation.
  | Consolidation + left lower lobe; Pleural Effusion -; Pneumothorax -
There is a left effusion without pneumothorax. | Pleural Effusion + left; Pneumothorax -
Stable small right effusion with no pneumothorax. | Pleural Effusion + right small; Pneumothorax -
Improved but persistent left basilar atelectasis. | Atelectasis + left base
Improving right lower lobe pneumonia. | Pneumonia + right lower lobe
Interval improvement in the left effusion. | Pleural Effusion + left
Resolved left pneumothorax. | Pneumothorax - left
The left pneumothorax has resolved. | Pneumothorax - left
Complete resolution of the right pneumothorax. | Pneumothorax - right
No change in the right effusion. | Pleural Effusion + right
No interval change in small left pneumothorax. | Pneumothorax + left small
No significant change in bilateral effusions. | Pleural Effusion + bilateral
Cannot exclude a small effusion. | Pleural Effusion ? small
A small left pneumothorax cannot be excluded. | Pneumothorax ? left small
Questionable left lower lobe opacity. | Lung Opacity ? left lower lobe
Questionable nodule in the right upper lobe. | Lung Lesion ? right upper lobe
Equivocal right effusion. | Pleural Effusion ? right
Probable mild edema. | Edema ? mild
Likely atelectasis at the left base. | Atelectasis ? left base
Opacity at the left base, likely atelectasis. | Atelectasis ? left base; Lung Opacity + left base
Left basilar opacity, which may represent atelectasis or pneumonia.
  | Atelectasis ? left base; Lung Opacity + left base; Pneumonia ? left base
Opacity in the right lower lobe could represent atelectasis, aspiration, or pneumonia.
  | Atelectasis ? right lower lobe; Lung Opacity + right lower lobe; Pneumonia ? right lower lobe
Right lower lobe opacity consistent with pneumonia.
  | Lung Opacity + right lower lobe; Pneumonia + right lower lobe
Findings are suggestive of mild edema. | Edema ? mild
Concern for pneumothorax on the left. | Pneumothorax ? left
History of pneumonia, now with a right effusion. | Pleural Effusion + right
Status post removal of left chest tube. | Support Devices - left
Interval removal of the right PICC. | Support Devices - right
A right jugular catheter ends in the superior vena cava. | Support Devices + right
Left-sided chest tube in place, no pneumothorax. | Pneumothorax -; Support Devices + left
Small left and moderate right pleural effusions.
  | Pleural Effusion + left small; Pleural Effusion + right moderate
Moderate right and small left pleural effusions.
  | Pleural Effusion + left small; Pleural Effusion + right moderate
Small left effusion and large right effusion. | Pleural Effusion + left small; Pleural Effusion + right large
Small bilateral effusions, right greater than left. | Pleural Effusion + bilateral small
Left apical pneumothorax and right basilar atelectasis. | Atelectasis + right base; Pneumothorax + left apex
Mild cardiomegaly, moderate edema and small bilateral effusions.
  | Cardiomegaly + mild; Edema + moderate; Pleural Effusion + bilateral small
Consolidation in the left lower lobe and a nodule in the right upper lobe.
  | Consolidation + left lower lobe; Lung Lesion + right upper lobe
Consolidation in the right upper and lower lobes.
  | Consolidation + right lower lobe; Consolidation + right upper lobe
There is a 12 mm nodule in the right upper lobe. | Lung Lesion + right upper lobe
A 1.2 cm nodule projects over the left midlung. | Lung Lesion + left midlung
Nodule of 8 mm at the left apex. | Lung Lesion + left apex
No left effusion; small right effusion. | Pleural Effusion + right small; Pleural Effusion - left
No right effusion, small left effusion. | Pleural Effusion + left small; Pleural Effusion - right
There is a small left pleural effusion but no right effusion.
  | Pleural Effusion + left small; Pleural Effusion - right
The right lung is clear, whereas there is consolidation in the left lower lobe.
  | Consolidation + left lower lobe; Lung Opacity -
Right lung opacity has cleared. | Lung Opacity - right
The cardiac silhouette is moderately enlarged. | Cardiomegaly + moderate
Mild widening of the superior mediastinum. | Enlarged Cardiomediastinum + mild
Acute fracture of the left sixth rib. | Fracture + left rib
Healed right clavicle fracture. | Fracture + right clavicle
Old healed left rib fractures are unchanged. | Fracture + left rib
Mild compression deformity of T12. | Fracture + mild spine
Left pleural thickening. | Pleural Other + left
Calcified pleural plaques bilaterally. | Pleural Other + bilateral
Biapical pleural thickening. | Pleural Other + bilateral apex
Blunting of the left costophrenic angle suggests a small effusion.
  | Pleural Effusion ? left small costophrenic angle
Moderate pulmonary edema. | Edema + moderate
Effusion: small, left. | Pleural Effusion + left small
There has been interval development of a left effusion. | Pleural Effusion + left
Previously described left pneumothorax is not seen. | Pneumothorax - left
Right base opacity not seen on the previous study. | Lung Opacity + right base
Low lung volumes with bibasilar atelectasis. | Atelectasis + bilateral base
Left retrocardiac opacity. | Lung Opacity + left retrocardiac
Mild left basilar and moderate right basilar atelectasis.
  | Atelectasis + left mild base; Atelectasis + right moderate base
Trace left effusion. | Pleural Effusion + left minimal
Tiny right apical pneumothorax. | Pneumothorax + right minimal apex
Large left pneumothorax with mediastinal shift. | Pneumothorax + left large
Consolidation of the lingula. | Consolidation + left lingula
Right middle lobe consolidation. | Consolidation + right middle lobe
Small right upper lobe opacity, unchanged. | Lung Opacity + right small upper lobe
There is no pneumothorax, however a small effusion is present on the right.
  | Pleural Effusion + right small; Pneumothorax -
Apart from mild cardiomegaly, no abnormality. | Cardiomegaly + mild
Other than a small right effusion, the lungs are clear. | Lung Opacity -; Pleural Effusion + right small
No abnormality except for a left nodule. | Lung Lesion + left
The left effusion has increased. | Pleural Effusion + left
The left effusion has decreased in size. | Pleural Effusion + left
Persistent right effusion despite drainage. | Pleural Effusion + right
New right lower lobe consolidation, no effusion. | Consolidation + right lower lobe; Pleural Effusion -
Possible right pneumothorax versus skin fold. | Pneumothorax ? right
No pneumothorax after removal of the right chest tube. | Pneumothorax -; Support Devices - right
There is no pneumothorax on the left. | Pneumothorax - left
There is no large or tension pneumothorax. | Pneumothorax - large
Mild to moderate edema. | Edema + moderate
Question of a small left effusion. | Pleural Effusion ? left small
A nodule is suspected in the left lower lobe. | Lung Lesion ? left lower lobe
Pleural effusion on the right, moderate in size. | Pleural Effusion + right moderate
There is a moderate-sized right-sided pleural effusion. | Pleural Effusion + right moderate
Right-sided pleural effusion of moderate size. | Pleural Effusion + right moderate
Large pleural effusion on the left side. | Pleural Effusion + left large
In the left upper lobe there is a 14 mm nodule. | Lung Lesion + left upper lobe
A nodule measuring 14 mm lies in the left lower lobe. | Lung Lesion + left lower lobe
Two nodules, 6 mm and 9 mm, in the right lower lobe. | Lung Lesion + right lower lobe
A round mass of 35 mm is seen in the right middle lobe. | Lung Lesion + right middle lobe
Multiple nodules in both lungs. | Lung Lesion + bilateral
Nodules in the right upper lobe and the left lower lobe.
  | Lung Lesion + left lower lobe; Lung Lesion + right upper lobe
Opacities in the left upper and right lower lobes.
  | Lung Opacity + left upper lobe; Lung Opacity + right lower lobe
Left upper and lower lobe consolidation. | Consolidation + left lower lobe; Consolidation + left upper lobe
Small left apical and moderate right basilar pneumothorax.
  | Pneumothorax + left small apex; Pneumothorax + right moderate base
Bilateral pleural effusions, small on the left and moderate on the right.
  | Pleural Effusion + left small; Pleural Effusion + right moderate
Pleural effusions are present, large on the right and small on the left.
  | Pleural Effusion + left small; Pleural Effusion + right large
Small left and right pleural effusions. | Pleural Effusion + bilateral small
Atelectasis at both bases. | Atelectasis + bilateral base
Linear atelectasis in the lingula. | Atelectasis + left lingula
Fractures of the left fifth and sixth ribs. | Fracture + left rib
Fracture of the right clavicle and left third rib. | Fracture + left rib; Fracture + right clavicle
Mild interstitial edema without effusion. | Edema + mild; Pleural Effusion -
The heart is mildly to moderately enlarged. | Cardiomegaly + moderate
There is severe enlargement of the heart. | Cardiomegaly + severe
Heart is moderately enlarged, and there is mild pulmonary edema. | Cardiomegaly + moderate; Edema + mild
No left or right effusion. | Pleural Effusion - bilateral
No left pneumothorax, effusion, or consolidation.
  | Consolidation - left; Pleural Effusion - left; Pneumothorax - left
No pneumothorax; however, a small left effusion persists. | Pleural Effusion + left small; Pneumothorax -
No effusion or pneumothorax, with mild basilar atelectasis.
  | Atelectasis + mild base; Pleural Effusion -; Pneumothorax -
No effusion, but moderate edema and mild cardiomegaly.
  | Cardiomegaly + mild; Edema + moderate; Pleural Effusion -
No pleural effusion is seen on the left, but there is one on the right. | Pleural Effusion - left
Left pleural effusion is small; right pleural effusion is moderate.
  | Pleural Effusion + left small; Pleural Effusion + right moderate
A small left pneumothorax is unchanged. | Pneumothorax + left small
Mild bibasilar atelectasis, left greater than right. | Atelectasis + bilateral mild base
Possible small right effusion or pleural thickening. | Pleural Effusion ? right small; Pleural Other ? right
Question left lower lobe pneumonia. | Pneumonia ? left lower lobe
No rib fracture is identified, although the film is limited. | Fracture - rib
A left pacemaker with two leads is in place. | Support Devices + left
A right internal jugular line terminates in the SVC. | Support Devices + right
Right PICC with tip in the lower SVC, no pneumothorax. | Pneumothorax -; Support Devices + right
Left subclavian catheter is unchanged. | Support Devices + left
Retrocardiac opacity, atelectasis or pneumonia.
  | Atelectasis ? retrocardiac; Lung Opacity + retrocardiac; Pneumonia ? retrocardiac
There is an opacity in the left base and the right hemidiaphragm is elevated. | Lung Opacity + left base
Dense consolidation throughout the left lung. | Consolidation + left
Complete opacification of the left hemithorax. | Lung Opacity + left
Moderate left pneumothorax with partial collapse of the left lung.
  | Atelectasis + left; Pneumothorax + left moderate
Increased opacity over the right lower lobe. | Lung Opacity + right lower lobe
Improved left basilar opacity and resolved right effusion. | Lung Opacity + left base; Pleural Effusion - right
There is no worsening of the left effusion. | Pleural Effusion + left
No progression of the right upper lobe mass. | Lung Lesion + right upper lobe
Not significantly changed left pneumothorax. | Pneumothorax + left
Increased density at the right base is concerning for pneumonia.
  | Lung Opacity + right base; Pneumonia ? right base
There is a small amount of fluid in the left pleural space. | Pleural Effusion + left small
Small layering right effusion. | Pleural Effusion + right small
Moderate bilateral pleural effusions with adjacent atelectasis.
  | Atelectasis + bilateral; Pleural Effusion + bilateral moderate
Pleural effusion: Small, right. | Pleural Effusion + right small
Mild cardiomegaly is again seen. | Cardiomegaly + mild
The heart appears mildly enlarged, unchanged. | Cardiomegaly + mild
Stable mild enlargement of the cardiac silhouette. | Cardiomegaly + mild
Mild vascular congestion without frank edema. | Edema + mild
Interval worsening of right lower lobe consolidation. | Consolidation + right lower lobe
The left lower lobe is consolidated. | Consolidation + left lower lobe
Right upper lobe collapse. | Atelectasis + right upper lobe
Left lower lobe atelectasis has cleared. | Atelectasis - left lower lobe
Subsegmental atelectasis in the right midlung. | Atelectasis + right midlung
A moderate left pneumothorax is present. | Pneumothorax + left moderate
Tension pneumothorax on the right. | Pneumothorax + right
Suspected tiny left apical pneumothorax. | Pneumothorax ? left minimal apex
No rib fractures or pneumothorax. | Fracture - rib; Pneumothorax -
Multiple healed right rib fractures. | Fracture + right rib
Possible nondisplaced fracture of the right eighth rib. | Fracture ? right rib
Wedge deformity of a thoracic vertebral body. | Fracture + spine
Left pleural plaque. | Pleural Other + left
Left apical pleural cap. | Pleural Other + left apex
Right pleural scarring is unchanged. | Pleural Other + right
Solitary 18 mm nodule, left upper lobe. | Lung Lesion + left upper lobe
A 4 mm nodule is questioned in the right apex. | Lung Lesion ? right apex
Spiculated mass in the right upper lobe measuring 42 mm. | Lung Lesion + right upper lobe
A cavitary lesion in the left apex. | Lung Lesion + left apex
Nodular opacity in the right lower lobe, 7 mm. | Lung Lesion + right lower lobe
Patchy opacity in the right lower lobe and small left effusion.
  | Lung Opacity + right lower lobe; Pleural Effusion + left small
Small left effusion, right lower lobe opacity, and mild cardiomegaly.
  | Cardiomegaly + mild; Lung Opacity + right lower lobe; Pleural Effusion + left small
Moderate cardiomegaly with small right effusion and mild edema.
  | Cardiomegaly + moderate; Edema + mild; Pleural Effusion + right small
A small right effusion, left basilar atelectasis, and no pneumothorax.
  | Atelectasis + left base; Pleural Effusion + right small; Pneumothorax -
Left mid lung opacity. | Lung Opacity + left midlung
Opacity in the left perihilar region. | Lung Opacity + left hilum
There is no effusion, and the heart is mildly enlarged. | Cardiomegaly + mild; Pleural Effusion -
No effusion is present and the lungs show mild edema. | Edema + mild; Pleural Effusion -
No pneumothorax, the left effusion is moderate. | Pleural Effusion + left moderate; Pneumothorax -
Doubtful left effusion. | Pleural Effusion ? left
Suspicious for a left lower lobe mass. | Lung Lesion ? left lower lobe
Pneumothorax is not excluded on the left. | Pneumothorax ? left
Left port in place, tip in the right atrium. | Support Devices + left
Left chest port with catheter tip at the cavoatrial junction. | Support Devices + left
A pleural effusion of moderate size is present on the left. | Pleural Effusion + left moderate
On the right there is a small pneumothorax at the apex. | Pneumothorax + right small apex
Pneumothorax on the left, 15 mm wide. | Pneumothorax + left
Nodule in the right midlung, 11 mm in diameter. | Lung Lesion + right midlung
The right lower lobe contains a 23 mm mass. | Lung Lesion + right lower lobe
Severe cardiomegaly with a cardiothoracic ratio of 0.62. | Cardiomegaly + severe
Mild consolidation of the left upper lobe. | Consolidation + left mild upper lobe
Consolidation is present in the right lower lobe, sparing the apex. | Consolidation + right lower lobe
Patchy consolidation in both lower lobes. | Consolidation + bilateral lower lobe
Left lower lobe atelectasis with volume loss. | Atelectasis + left lower lobe
There is no evidence of effusion on the right; on the left there is a large effusion.
  | Pleural Effusion + left large; Pleural Effusion - right
No consolidation in the right lung. | Consolidation - right
A displaced fracture of the right fourth rib is noted. | Fracture + right rib
The left clavicle is fractured. | Fracture + left clavicle
A dual chamber pacemaker projects over the left chest. | Support Devices + left
Central venous line from the right, tip in the superior vena cava. | Support Devices + right
Mild pulmonary edema with small bilateral effusions. | Edema + mild; Pleural Effusion + bilateral small
Moderate edema, perihilar in distribution. | Edema + moderate
Apart from linear atelectasis at the right base, the lungs are clear. | Atelectasis + right base; Lung Opacity -
Hazy opacity in the left lower lobe, possibly pneumonia.
  | Lung Opacity + left lower lobe; Pneumonia ? left lower lobe
The appearance is typical of pneumonia in the right upper lobe. | Pneumonia + right upper lobe
Small to moderate left effusion. | Pleural Effusion + left moderate
Marked widening of the mediastinum. | Enlarged Cardiomediastinum + severe
There may be a small pneumothorax on the right. | Pneumothorax ? right small
Pleural thickening along the left chest wall. | Pleural Other + left
Reticular opacities in both bases. | Lung Opacity + bilateral base
There is no longer a pneumothorax on the left. | Pneumothorax - left
Since the prior, the right effusion has resolved and a small left effusion is new.
  | Pleural Effusion + left small; Pleural Effusion - right
Collapse of the RUL. | Atelectasis + right upper lobe
RLL collapse with a small right effusion. | Atelectasis + right lower lobe; Pleural Effusion + right small
The left lower lobe is collapsed. | Atelectasis + left lower lobe
Lung markings are absent beyond a fine line, a small left pneumothorax. | Pneumothorax + left small
No lung markings lateral to the line of a large right pneumothorax. | Pneumothorax + right large
A pleural line on the left is in keeping with a small pneumothorax. | Pneumothorax + left small
A right meniscus is consistent with a moderate effusion. | Pleural Effusion + right moderate
A small left pleural effusion is seen on both views. | Pleural Effusion + left small
Platelike opacities at the right base probably represent mild atelectasis.
  | Atelectasis ? right mild base; Lung Opacity + right base
There is a small effusion on the right and a large one on the left.
  | Pleural Effusion + right small; Pleural Effusion + left large
Large right and minimal left pleural effusions. | Pleural Effusion + right large; Pleural Effusion + left minimal
Right effusion, moderate-sized. | Pleural Effusion + right moderate
Mass, left lower lobe, 5.9 cm. | Lung Lesion + left lower lobe
Lung volumes are normal. | nothing
Lungs: normal lung volumes. | nothing
"""


@pytest.mark.parametrize(("text", "expected"), table(SAID))
def test_each_finding_has_its_own_words(text: str, expected: set[str]) -> None:
    assert read(text) == expected
