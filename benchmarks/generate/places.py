"""French communes with their postcodes, and streets as every commune has them."""

from typing import NamedTuple

from benchmarks.generate.draws import Draws, Ranked

_COMMUNES = """\
75001-75020 Paris,69001-69009 Lyon,13001-13016 Marseille,31000 Toulouse,31100 Toulouse,31200 Toulouse,06000 Nice
06100 Nice,06200 Nice,44000 Nantes,44100 Nantes,44300 Nantes,34000 Montpellier,34070 Montpellier,67000 Strasbourg
67100 Strasbourg,33000 Bordeaux,33100 Bordeaux,33800 Bordeaux,59000 Lille,59800 Lille,35000 Rennes,35200 Rennes
51100 Reims,83000 Toulon,83200 Toulon,42000 Saint-Étienne,42100 Saint-Étienne,76600 Le Havre,38000 Grenoble
38100 Grenoble,21000 Dijon,49000 Angers,49100 Angers,30000 Nîmes,30900 Nîmes,69100 Villeurbanne,93200 Saint-Denis
63000 Clermont-Ferrand,72000 Le Mans,63100 Clermont-Ferrand,13090 Aix-en-Provence,13100 Aix-en-Provence,29200 Brest
37000 Tours,37100 Tours,80000 Amiens,87000 Limoges,74000 Annecy,66000 Perpignan,92100 Boulogne-Billancourt
45000 Orléans,57000 Metz,57050 Metz,25000 Besançon,76000 Rouen,95100 Argenteuil,93100 Montreuil,68100 Mulhouse
68200 Mulhouse,14000 Caen,54000 Nancy,59200 Tourcoing,59100 Roubaix,92000 Nanterre,94400 Vitry-sur-Seine,94000 Créteil
84000 Avignon,86000 Poitiers,93300 Aubervilliers,59140 Dunkerque,78000 Versailles,92700 Colombes,13200 Arles
93600 Aulnay-sous-Bois,92600 Asnières-sur-Seine,92400 Courbevoie,64000 Pau,17000 La Rochelle,92500 Rueil-Malmaison
94500 Champigny-sur-Marne,06600 Antibes,62100 Calais,06400 Cannes,33700 Mérignac,34500 Béziers,68000 Colmar
44600 Saint-Nazaire,94700 Maisons-Alfort,93700 Drancy,33600 Pessac,26000 Valence,56100 Lorient,93160 Noisy-le-Grand
29000 Quimper,92130 Issy-les-Moulineaux,92300 Levallois-Perret,59650 Villeneuve-d'Ascq,77000 Melun,10000 Troyes
92160 Antony,92200 Neuilly-sur-Seine,79000 Niort,95200 Sarcelles,93150 Le Blanc-Mesnil,73000 Chambéry,56000 Vannes
49300 Cholet,11000 Carcassonne,11100 Narbonne,85000 La Roche-sur-Yon,53000 Laval,22000 Saint-Brieuc,27000 Évreux
28000 Chartres,18000 Bourges,36000 Châteauroux,41000 Blois,58000 Nevers,89000 Auxerre,71100 Chalon-sur-Saône
71000 Mâcon,01000 Bourg-en-Bresse,74100 Annemasse,38200 Vienne,38300 Bourgoin-Jallieu,42300 Roanne
43000 Le Puy-en-Velay,15000 Aurillac,19100 Brive-la-Gaillarde,19000 Tulle,23000 Guéret,24000 Périgueux,24100 Bergerac
47000 Agen,82000 Montauban,81000 Albi,81100 Castres,12000 Rodez,46000 Cahors,32000 Auch,65000 Tarbes
40000 Mont-de-Marsan,40100 Dax,64100 Bayonne,64200 Biarritz,64600 Anglet,09000 Foix,48000 Mende,07000 Privas
07100 Annonay,26200 Montélimar,05000 Gap,04100 Manosque,04000 Digne-les-Bains,83300 Draguignan,83600 Fréjus
83400 Hyères,83500 La Seyne-sur-Mer,13500 Martigues,13300 Salon-de-Provence,13400 Aubagne,20000 Ajaccio,20200 Bastia
30100 Alès,34200 Sète,34400 Lunel,66100 Perpignan,16000 Angoulême,16100 Cognac,17100 Saintes,17200 Royan
17300 Rochefort,33120 Arcachon,33500 Libourne,86100 Châtellerault,37500 Chinon,37400 Amboise,41100 Vendôme
45200 Montargis,28100 Dreux,61000 Alençon,50000 Saint-Lô,50100 Cherbourg-en-Cotentin,14100 Lisieux,76200 Dieppe
76400 Fécamp,27200 Vernon,60000 Beauvais,60200 Compiègne,60100 Creil,02000 Laon,02100 Saint-Quentin,02200 Soissons
62000 Arras,62300 Lens,62200 Boulogne-sur-Mer,62400 Béthune,59300 Valenciennes,59400 Cambrai,59500 Douai
59600 Maubeuge,08000 Charleville-Mézières,51000 Châlons-en-Champagne,51200 Épernay,52000 Chaumont,55000 Bar-le-Duc
55100 Verdun,54300 Lunéville,57100 Thionville,57200 Sarreguemines,88000 Épinal,88100 Saint-Dié-des-Vosges
67500 Haguenau,67600 Sélestat,68300 Saint-Louis,90000 Belfort,70000 Vesoul,39000 Lons-le-Saunier,39100 Dole
25200 Montbéliard,25300 Pontarlier,21200 Beaune,71200 Le Creusot,03000 Moulins,03100 Montluçon,03200 Vichy
35400 Saint-Malo,35300 Fougères,35500 Vitré,22100 Dinan,22300 Lannion,29600 Morlaix,29900 Concarneau,56300 Pontivy
44500 La Baule-Escoublac,85100 Les Sables-d'Olonne,49400 Saumur,72200 La Flèche,53100 Mayenne
78100 Saint-Germain-en-Laye,78300 Poissy,78500 Sartrouville,91000 Évry-Courcouronnes,91300 Massy,91120 Palaiseau
94300 Vincennes,94200 Ivry-sur-Seine,95000 Cergy,95300 Pontoise,77100 Meaux,77500 Chelles,77300 Fontainebleau
69400 Villefranche-sur-Saône,69200 Vénissieux,69300 Caluire-et-Cuire,01100 Oyonnax,73100 Aix-les-Bains
73200 Albertville,74200 Thonon-les-Bains,74300 Cluses,38500 Voiron,06130 Grasse,06500 Menton
06700 Saint-Laurent-du-Var,84200 Carpentras,84100 Orange,84300 Cavaillon,31700 Blagnac,31770 Colomiers,31600 Muret
33400 Talence,33300 Lormont,44800 Saint-Herblain,44400 Rezé,35510 Cesson-Sévigné,59130 Lambersart"""

_STREETS = """\
de la République,Victor Hugo,de l'Église,Jean Jaurès,du Général de Gaulle,de la Gare,de la Mairie,Pasteur,des Écoles
de la Liberté,Gambetta,de Verdun,du 8 Mai 1945,du 11 Novembre,de la Paix,Émile Zola,Voltaire,des Lilas,des Acacias
du Moulin,de la Fontaine,des Tilleuls,Jules Ferry,Carnot,Anatole France,Aristide Briand,du Stade,Jean Moulin,Léon Blum
Molière,Racine,Lamartine,Alphonse Daudet,George Sand,Marie Curie,Claude Monet,Auguste Renoir,du Château,des Rosiers
des Peupliers,des Marronniers,des Cerisiers,des Platanes,du Pont,du Lavoir,de Bellevue,de la Forêt,du Bois,des Vignes
des Prés,des Champs,du Puits,de la Croix,Saint-Martin,Saint-Michel,Saint-Jacques,Saint-Pierre,Notre-Dame,de Paris
de Lyon,de Bordeaux,de Strasbourg,de Bretagne,de Normandie,d'Alsace,de Lorraine,des Alpes,des Pyrénées,du Midi,du Port
du Marché,de la Poste,de la Libération,de la Résistance,du Maréchal Foch,du Maréchal Leclerc,Georges Clemenceau
Ledru-Rollin,Denis Papin,Ampère,Lavoisier,Arago,Denfert-Rochereau,Diderot,Montaigne,Rabelais,La Fontaine,Paul Verlaine
Arthur Rimbaud,Charles Baudelaire,Guy de Maupassant,Gustave Flaubert,Honoré de Balzac,Hector Berlioz,Maurice Ravel
Claude Debussy,Georges Bizet,Paul Cézanne,Henri Matisse,Louis Blériot,Jean Mermoz,Saint-Exupéry,Roland Garros
Jacques Prévert,Albert Camus,Paul Éluard,Louis Aragon,Boris Vian,Simone Veil,Olympe de Gouges,Louise Michel,Rosa Parks
Nelson Mandela,Jacques Brel,Georges Brassens,Édith Piaf,des Hirondelles,des Mésanges,des Alouettes,du Rossignol
des Bleuets,des Coquelicots,des Violettes,des Glycines,des Noisetiers,du Clos,de la Vallée,de la Plaine,du Coteau
de la Source,du Ruisseau,de la Rivière,des Remparts,de la Citadelle,des Capucins,des Carmes,des Jacobins,des Tanneurs
des Tisserands,du Four,du Commerce,de l'Industrie,des Artisans,de la Tuilerie,de la Verrerie,des Forges,de la Mine
Sadi Carnot,Vauban,Colbert,Sully,Turenne,Jeanne d'Arc,Du Guesclin,Surcouf,Jean Bart"""

_RESIDENCES = ["Les Tilleuls", "Bellevue", "Le Parc", "Les Acacias", "Beau Soleil", "Les Terrasses", "Le Clos Fleuri"]

SHORT_TYPES = {
    "avenue": ["av.", "av", "ave"],
    "boulevard": ["bd", "bld", "boul."], "rue": ["r.", "r", "rue"], "allée": ["all.", "all"],
    "impasse": ["imp.", "imp"], "chemin": ["ch.", "che"], "place": ["pl.", "pl"], "route": ["rte", "rte."],
}  # fmt: skip
_TYPES = Ranked(
    [
        "rue",
        "avenue",
        "rue",
        "rue",
        "chemin",
        "allée",
        "impasse",
        "boulevard",
        "place",
        "route",
        "rue",
        "square",
        "cours",
    ]
)
_STREET_NAMES = Ranked([name for line in _STREETS.splitlines() for name in line.split(",")])


class Address(NamedTuple):
    """A home as its owner would write it; `complement` may be empty."""

    number: str
    kind: str
    street: str
    complement: str
    postcode: str
    city: str


def _communes() -> list[str]:
    listed = []
    for commune in (commune for line in _COMMUNES.splitlines() for commune in line.split(",")):
        codes, name = commune.split(" ", 1)
        first, _, last = codes.partition("-")
        listed += [f"{code:05d} {name}" for code in range(int(first), int(last or first) + 1)]
    return listed


COMMUNES = Ranked(_communes())


def new_address(draws: Draws, near: Address | None = None) -> Address:
    """A home; `near` is the home before it, because most moves stay in the same area."""
    if near and draws.chance(0.55):
        postcode, city = near.postcode, near.city
    else:
        postcode, city = COMMUNES.pick(draws).split(" ", 1)
    number = str(1 + min(draws.below(60), draws.below(140)))
    if draws.chance(0.05):
        number += draws.pick([" bis", " ter", " B"])
    complement = ""
    if draws.chance(0.35):
        complement = draws.pick(
            [
                f"Appt {draws.between(1, 48)}",
                f"Bât. {draws.pick('ABCD')} Appt {draws.between(1, 40)}",
                f"Rés. {draws.pick(_RESIDENCES)}",
                f"Étage {draws.between(1, 8)}",
            ]
        )
    return Address(number, _TYPES.pick(draws), _STREET_NAMES.pick(draws), complement, postcode, city)
