"""Common French surnames, most frequent first, and a long tail that is composed from frequent parts."""

from benchmarks.generate.draws import Draws, Ranked

_COMMON = """\
Martin,Bernard,Thomas,Petit,Robert,Richard,Durand,Dubois,Moreau,Laurent,Simon,Michel,Lefebvre,Leroy,Roux,David
Bertrand,Morel,Fournier,Girard,Bonnet,Dupont,Lambert,Fontaine,Rousseau,Vincent,Muller,Lefèvre,Faure,André,Mercier
Blanc,Guérin,Boyer,Garnier,Chevalier,François,Legrand,Gauthier,Garcia,Perrin,Robin,Clément,Morin,Nicolas,Henry,Roussel
Mathieu,Gautier,Masson,Marchand,Duval,Denis,Dumont,Marie,Lemaire,Noël,Meyer,Dufour,Meunier,Brun,Blanchard,Giraud,Joly
Rivière,Lucas,Brunet,Gaillard,Barbier,Arnaud,Martinez,Gérard,Roche,Renard,Schmitt,Roy,Leroux,Colin,Vidal,Caron,Picard
Roger,Fabre,Aubert,Lemoine,Renaud,Dumas,Lacroix,Olivier,Philippe,Bourgeois,Pierre,Benoît,Rey,Leclerc,Payet,Rolland
Leclercq,Guillaume,Lecomte,Lopez,Jean,Dupuy,Guillot,Hubert,Berger,Carpentier,Sanchez,Dupuis,Moulin,Louis,Deschamps
Huet,Vasseur,Perez,Boucher,Fleury,Royer,Klein,Jacquet,Adam,Paris,Poirier,Marty,Aubry,Guyot,Carré,Charles,Renault
Charpentier,Ménard,Maillard,Baron,Bertin,Bailly,Hervé,Schneider,Fernandez,Le Gall,Collet,Léger,Bouvier,Julien,Prévost
Millet,Perrot,Daniel,Le Roux,Cousin,Germain,Breton,Besson,Langlois,Rémy,Le Goff,Pelletier,Lévêque,Perrier,Leblanc
Barré,Lebrun,Marchal,Weber,Mallet,Hamon,Boulanger,Jacob,Monnier,Michaud,Rodriguez,Guichard,Gillet,Étienne,Grondin
Poulain,Tessier,Chevallier,Collin,Chauvin,Da Silva,Bouchet,Gay,Lemaître,Bénard,Maréchal,Humbert,Reynaud,Antoine,Hoarau
Perret,Barthélemy,Cordier,Pichon,Lejeune,Gilbert,Lamy,Delaunay,Pasquier,Carlier,Laporte,Gros,Buisson,Alexandre,Brière
Coulon,Legros,Bigot,Vallée,Launay,Gomez,Bourdon,Maillot,Evrard,Masse,Ferreira,Cohen,Besnard,Ribeiro,Jacques,Lebon
Barbe,Hardy,Rossi,Guillet,Camus,Devaux,Tran,Didier,Diallo,Traoré,Ollivier,Nguyen,Mahé,Voisin,Pons,Techer,Couturier
Cordonnier,Toussaint,Allard,Lesage,Valentin,Briand,Delmas,Gonçalves,Fischer,Raynaud,Fernandes,Rodrigues,Santos,Pereira
Dos Santos,Lopes,Gomes,Alves,Costa,Marques,Blondel,Guilbert,Delattre,Bodin,Chauvet,Charrier,Lelièvre,Pruvost,Vaillant
Maurice,Mace,Seguin,Ferrand,Peltier,Martel,Salmon,Rousset,Hébert,Riou,Le Corre,Bouquet,Jourdan,Blin,Lacombe,Merle
Tanguy,Imbert,Auger,Cochet,Chartier,Godard,Texier,Diot,Besse,Bruneau,Loiseau,Pottier,Labbé,Mary,Rivet,Wagner,Teixeira
Ramos,Benali,Bouaziz,Haddad,Saïdi,Amrani,Belkacem,Mansouri,Cissé,Keïta,Konaté,Camara,Coulibaly,Sow,Ndiaye,Koné,Sylla
Touré,Pham,Huynh,Wang,Chen,Kaya,Yilmaz,Öztürk,Kowalski,Nowak,Popescu,Ivanov,De Oliveira,De Sousa,Lefort,Grégoire
Allain,Mercadier,Jolivet,Bazin,Grandjean,Leconte,Lacoste,Raymond,Gallet,Normand,Prat,Drouet,Hoareau,Potier,Brunel
Bureau,Navarro,Guyon,Ledoux,Tournier,Laroche,Gervais,Rault,Leblond,Lombard,Verdier,Guibert,Vial,Levasseur,Pineau
Foucher,Levy,Blot,Chauveau,Godin,Merlin,Pascal,Thierry,Le Guen,Le Bihan,Le Meur,Le Breton,Quéré,Cariou,Guéguen,Jégou
Cadiou,Le Floch,Bihan,Kermarrec,Zimmermann,Hoffmann,Schwartz,Keller,Kuntz,Fuchs,Walter,Ritter,Lang,Kieffer,Bauer,Wolff
Haas,Beck,Roth,Stoll,Etcheverry,Ibarra,Harispe,Elissalde,Bidart,Lafitte,Lafont,Casanova,Mattei,Santoni,Luciani
Albertini,Giacometti,Leca,Castaing,Cazenave,Lassalle,Dupouy,Labat,Darrieus,Sarrazin,Peyre,Cazals,Puech,Vialard
Bousquet,Delpech,Alary,Rouquette,Gineste,Cros,Azéma,Barthès,Sicard,Pagès,Calvet,Roques,Bonnefoy,Chabert,Blachon
Chapuis,Berthet,Curtet,Favre,Bouvet,Chavanne,Jacquier,Perrachon,Duchamp,Chatelain,Rigaud,Granger,Fayolle,Brossard
Malleret,Thévenet,Michelet,Desbois,Delorme,Desmoulins,Delacroix,Deschênes,Descamps,Delannoy,Dhondt,Vandamme,Vanhove
Verhaeghe,Debruyne,Wattiez,Leleu,Duhamel,Hennequin,Caudron,Lesueur,Delahaye,De La Tour,D'Angelo,L'Hostis,N'Diaye
O'Brien,De Villiers"""

_FIRST_PARTS = """\
Beau Bel Bois Bon Bour Cam Cast Chal Cham Chant Clair Cour Croi Dam Dau Des Fer Font Four Gai Gar Gau Gran Gui Haut
Lau Mal Mar Maur Mon Mont Mor Neu Pel Per Pont Quin Rai Ram Ren Riv Roch Rous Sau Sou Tail Thi Val Ver Vil""".split()
_LAST_PARTS = """\
ard aud ault avel bert bois bonne by camp cel celle champ coin cour dier dieu don doux eau el et fard feuil fort gnac
gnon ier illac in lain let lier lot loup mard met mont nac nard net neuf nier not on pied quet rand rel rier ron sac
sart seau sier sin tier tin ton tot val vallet vel vier vigne ville villon voy""".split()

COMMON = Ranked([name for line in _COMMON.splitlines() for name in line.split(",")])


def birth_name(draws: Draws) -> str:
    """A surname with Zipf-like frequencies: some names of thousands, thousands of names of some, a few double ones."""
    kind = draws.random()
    if kind < 0.70:
        return COMMON.pick(draws)
    if kind < 0.96:
        return draws.pick(_FIRST_PARTS) + draws.pick(_LAST_PARTS)
    return f"{COMMON.pick(draws)}-{COMMON.pick(draws)}"
