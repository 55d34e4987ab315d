"""How far a negation, a doubt, a history and a turn reach, in made-up sentences: + present, - absent, ? uncertain."""

import pytest

from tests.data.readings import read, table

SAID = """
There is no evidence of pneumonia, edema, or other acute process. | Edema -; Pneumonia -
Edema has improved. | Edema +
Previously seen effusion is no longer present. | Pleural Effusion -
Interval resolution of edema. | Edema -
Resolving edema. | Edema +
The cardiomegaly is stable. | Cardiomegaly +
Stable cardiomegaly without edema. | Cardiomegaly +; Edema -
Pneumonia cannot be ruled out. | Pneumonia ?
Cannot rule out pneumonia. | Pneumonia ?
Pneumonia not excluded. | Pneumonia ?
Superimposed infection cannot be entirely excluded. | Pneumonia ?
No convincing evidence of edema. | Edema -
History of rib fracture. | nothing
Patient with a history of heart failure. | nothing
Evaluate for pneumonia. | nothing
Rule out pneumothorax. | nothing
Chest tube has been removed. | Support Devices -
No central line or pacemaker is seen. | Support Devices -
There is no endotracheal tube. | Support Devices -
The endotracheal tube tip is 3 cm above the carina. | Support Devices +
Nasogastric tube courses below the diaphragm. | Support Devices +
Dual-lead pacemaker with leads in the right atrium and right ventricle. | Support Devices +
Median sternotomy wires are intact. | Support Devices +
No nodule or mass. | Lung Lesion -
Lungs are free of consolidation. | Consolidation -
Lungs are hyperinflated but clear. | Lung Opacity -
The cardiac silhouette is top normal in size. | Cardiomegaly -
Heart size upper normal. | Cardiomegaly -
The mediastinum is not widened. | Enlarged Cardiomediastinum -
Widened mediastinum. | Enlarged Cardiomediastinum +
Cardiomediastinal silhouette is enlarged. | Cardiomegaly +; Enlarged Cardiomediastinum +
Mediastinal widening is noted. | Enlarged Cardiomediastinum +
No acute fracture. | Fracture -
No pleural thickening or effusion. | Pleural Effusion -; Pleural Other -
The costophrenic angles are sharp. | Pleural Effusion -
No vascular congestion. | Edema -
Pulmonary vascularity is not increased. | Edema -
Neither effusion nor pneumothorax is seen. | Pleural Effusion -; Pneumothorax -
Effusion and pneumothorax are absent. | Pleural Effusion -; Pneumothorax -
No effusion, pneumothorax, or consolidation is identified. | Consolidation -; Pleural Effusion -; Pneumothorax -
Pneumothorax: none. | Pneumothorax -
Pneumothorax is unlikely. | Pneumothorax -
Mass is less likely. | Lung Lesion ?
Pneumonia is considered less likely. | Pneumonia ?
Atelectasis is favored over pneumonia. | Atelectasis ?; Pneumonia ?
Atelectasis rather than pneumonia. | Atelectasis +; Pneumonia -
Opacity is more likely atelectasis than pneumonia. | Atelectasis ?; Lung Opacity +; Pneumonia ?
A pneumothorax is not definitely seen. | Pneumothorax -
Nodule seen on the previous study is not visualized. | Lung Lesion -
Lungs clear of infiltrate. | Lung Opacity -
No airspace disease. | Lung Opacity -
Not only edema but also effusion. | Edema +; Pleural Effusion +
No longer any effusion. | Pleural Effusion -
Differential considerations include infection and mild edema. | Edema ? mild; Pneumonia ?
Possibilities include scarring and persistent atelectasis. | Atelectasis ?; Lung Opacity ?
Differential diagnosis includes infection; no edema. | Edema -; Pneumonia ?
Infection and mild edema. | Edema + mild; Pneumonia +
The right hilum is large, which may represent nodes or engorged vessels. | nothing
Prominence of the hila may be due to increased vasculature, with mild edema. | Edema + mild
Prominent hila with vascular congestion. | Edema +
Increased vascular markings. | Edema +
Pneumonia has not resolved. | Pneumonia +
The effusion has not changed. | Pleural Effusion +
No increase in edema. | Edema +
No new consolidation. | Consolidation -
Findings compatible with edema. | Edema +
Skin fold rather than pneumothorax. | Pneumothorax -
Endotracheal tube has been removed, nasogastric tube remains. | Support Devices +
Hardware in the cervical spine. | Support Devices +
If pneumonia is suspected, follow up. | nothing
If there is concern for pneumonia, repeat the film. | nothing
Follow-up to exclude underlying mass. | nothing
Follow up is recommended to ensure resolution of pneumonia. | nothing
Heart size normal, lungs clear, no effusion. | Cardiomegaly -; Lung Opacity -; Pleural Effusion -
No pneumothorax on either side. | Pneumothorax -
Findings may reflect atelectasis or early pneumonia. | Atelectasis ?; Pneumonia ?
Cannot exclude superimposed pneumonia. | Pneumonia ?
Pneumonia is not ruled out. | Pneumonia ?
Pneumothorax has been ruled out. | Pneumothorax -
No lines or tubes. | Support Devices -
No support devices. | Support Devices -
Without pacemaker or sternal wires. | Support Devices -
The previously seen chest tube is no longer present. | Support Devices -
The tracheostomy tube has been removed. | Support Devices -
The lungs are hypoinflated and clear. | Lung Opacity -
Thoracic aorta is tortuous. | nothing
Calcified granuloma in the right upper lobe. | nothing
Emphysema without focal infiltrate. | Lung Opacity -
No worsening of edema. | Edema +
No appreciable pneumothorax. | Pneumothorax -
Neither lung shows consolidation. | Consolidation -
No evidence for acute pneumonia. | Pneumonia -
Negative for effusion or edema. | Edema -; Pleural Effusion -
Lungs: No consolidation. Pleura: No effusion. | Consolidation -; Pleural Effusion -
Heart: Enlarged. | Cardiomegaly +
Consolidation: absent. | Consolidation -
The heart is top normal. | Cardiomegaly -
Cardiac size is stable and enlarged. | Cardiomegaly +
Heart size is at the upper limit of normal. | Cardiomegaly -
The cardiomediastinal contours are stable. | nothing
Mediastinum is widened, possibly due to rotation. | Enlarged Cardiomediastinum +
Right paratracheal widening of the mediastinum. | Enlarged Cardiomediastinum +
No mediastinal widening. | Enlarged Cardiomediastinum -
The superior mediastinum appears wide. | Enlarged Cardiomediastinum +
Pulmonary edema has resolved. | Edema -
Edema, improved since the prior study. | Edema +
There is no residual pneumothorax. | Pneumothorax -
No compression fracture. | Fracture -
No suspicious pulmonary nodule or mass. | Lung Lesion -
There is neither cardiomegaly nor edema. | Cardiomegaly -; Edema -
There are no fractures, and the heart is enlarged. | Cardiomegaly +; Fracture -
A pacemaker is not seen. | Support Devices -
No pacemaker. | Support Devices -
The heart is enlarged, with a cardiothoracic ratio of 0.58. | Cardiomegaly +
No nodule is seen in either lung. | Lung Lesion -
Ribs are intact. | Fracture -
An endotracheal tube ends 4 cm above the carina. | Support Devices +
No tubes or lines. | Support Devices -
The mediastinum is of normal width. | Enlarged Cardiomediastinum -
Both lungs are clear, the heart is not enlarged, and no effusion is seen.
  | Cardiomegaly -; Lung Opacity -; Pleural Effusion -
No sign of heart failure. | Edema -
Without cardiomegaly, effusion, or edema. | Cardiomegaly -; Edema -; Pleural Effusion -
"""


@pytest.mark.parametrize(("text", "expected"), table(SAID))
def test_scope(text: str, expected: set[str]) -> None:
    assert read(text) == expected
