"""What customers of an invented French household-goods and maintenance company buy, say and call about."""

from benchmarks.generate.draws import Ranked

PRODUCTS: list[tuple[str, int]] = [  # article, price in cents
    ("Lot de 6 verres à eau", 1290),
    ("Bouilloire électrique 1,7 L", 3490),
    ("Poêle antiadhésive 28 cm", 2990),
    ("Cocotte en fonte 24 cm", 8900),
    ("Robot pâtissier 1000 W", 24900),
    ("Cafetière à piston", 2490),
    ("Machine à café expresso", 17900),
    ("Aspirateur traîneau", 14900),
    ("Aspirateur balai sans fil", 22900),
    ("Fer à repasser vapeur", 4990),
    ("Centrale vapeur", 15900),
    ("Lave-linge 8 kg", 44900),
    ("Lave-vaisselle 13 couverts", 42900),
    ("Réfrigérateur combiné", 59900),
    ("Micro-ondes 25 L", 10900),
    ("Four encastrable", 34900),
    ("Plaque induction", 29900),
    ("Grille-pain 2 fentes", 3290),
    ("Mixeur plongeant", 3990),
    ("Lampe de chevet", 2290),
    ("Suspension en rotin", 5490),
    ("Ampoules LED E27 (lot de 4)", 1190),
    ("Housse de couette 240 x 220", 4990),
    ("Oreiller ergonomique", 2790),
    ("Drap-housse 160 x 200", 1990),
    ("Serviettes de bain (lot de 2)", 1690),
    ("Tapis berbère 160 x 230", 9900),
    ("Rideau occultant", 3490),
    ("Chaise scandinave", 5990),
    ("Table basse chêne", 16900),
    ("Étagère murale", 2590),
    ("Bougie parfumée", 990),
    ("Plaid polaire", 1990),
    ("Barbecue à charbon", 11900),
    ("Salon de jardin 4 places", 32900),
    ("Tondeuse électrique", 18900),
    ("Perceuse-visseuse 18 V", 9900),
    ("Détecteur de fumée", 1590),
    ("Pile LR06 (lot de 12)", 790),
    ("Gigoteuse naissance", 2990),
    ("Lit bébé à barreaux", 12900),
    ("Poussette compacte", 19900),
    ("Chaise haute", 7900),
]
SHOPS = Ranked(
    "internet,Paris Bastille,Lyon Part-Dieu,Nantes Centre,Toulouse Capitole,Lille Flandres,Rennes Alma".split(",")
)
BOTS = ["assistant-site", "assistant-appli", "assistant-messagerie"]

CALL_REASONS = Ranked(
    ["facture", "information", "panne", "réclamation", "rendez-vous", "livraison", "résiliation", "déménagement"]
)
RESOLVED = "réclamation résolue"

MESSAGES: dict[str, list[str]] = {
    "suivi_commande": [
        "Bonjour, où en est ma commande ?",
        "Je n'ai toujours pas reçu mon colis",
        "Ma livraison était prévue hier, des nouvelles ?",
        "Le suivi n'a pas bougé depuis 3 jours",
        "Quand est-ce que je serai livré ?",
    ],
    "facture": [
        "Je ne comprends pas le montant de ma facture",
        "Bonjour, pouvez-vous me renvoyer ma facture svp ?",
        "J'ai été prélevé deux fois ce mois-ci",
        "Comment payer en 3 fois ?",
    ],
    "panne": [
        "Mon lave-linge ne démarre plus",
        "l'appareil fait un bruit bizarre depuis ce matin",
        "Le four affiche une erreur E4, que faire ?",
        "Mon aspirateur ne charge plus",
        "Bonjour, mon réfrigérateur ne fait plus de froid",
    ],
    "reclamation": [
        "C'est inadmissible, personne ne me répond",
        "Article reçu cassé, je veux être remboursé",
        "Je souhaite déposer une réclamation",
        "Troisième fois que le technicien ne vient pas !",
        "Je suis très déçu de votre service",
    ],
    "rendez_vous": [
        "Je voudrais décaler mon rendez-vous",
        "Est-ce qu'un technicien peut passer samedi ?",
        "Je ne serai pas là demain matin",
    ],
    "information": [
        "Quels sont vos horaires ?",
        "Est-ce que ce modèle est en stock ?",
        "La garantie dure combien de temps ?",
        "Livrez-vous en Corse ?",
        "Combien de points j'ai sur ma carte ?",
    ],
    "resiliation": [
        "Je veux résilier mon contrat d'entretien",
        "Comment fait-on pour résilier ?",
        "Merci de clôturer mon compte",
    ],
    "retour": [
        "Je voudrais retourner un article",
        "Quel est le délai pour un retour ?",
        "Où déposer mon colis retour ?",
    ],
    "demenagement": ["J'ai déménagé, comment changer mon adresse ?", "Bonjour, nouvelle adresse à enregistrer svp"],
    "changement_nom": ["Je me suis mariée, je voudrais changer mon nom", "Comment mettre à jour mon nom de famille ?"],
    "naissance": [
        "Avez-vous une liste de naissance ?",
        "Bébé est arrivé, comment ajouter un enfant à la carte famille ?",
    ],
}
RESOLVED_MESSAGES = ["Merci, c'est réglé !", "Problème résolu, bonne journée", "C'est bon j'ai été remboursé, merci"]
CHAT_INTENTS = Ranked(
    ["suivi_commande", "facture", "information", "panne", "retour", "reclamation", "rendez_vous", "resiliation"]
)
