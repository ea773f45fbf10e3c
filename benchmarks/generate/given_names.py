"""Common French given names by decades of birth, most frequent first, and the short forms people go by."""

from benchmarks.generate.draws import Ranked

_FEMALE = {
    1950: """Marie Jeanne Monique Jacqueline Denise Françoise Yvette Simone Nicole Madeleine Suzanne Thérèse Paulette
        Andrée Ginette Renée Josette Odette Christiane Colette Yvonne Michèle Huguette Raymonde Marcelle Solange Annie
        Geneviève Germaine Lucienne Louise Claudine Bernadette Gisèle Arlette Liliane Micheline Marie-Thérèse
        Marie-Louise Georgette Fernande Marguerite Hélène Jeannine Mauricette Rolande Éliane Paule Henriette Cécile""",
    1975: """Nathalie Sylvie Catherine Martine Isabelle Christine Véronique Brigitte Valérie Patricia Sandrine Chantal
        Dominique Corinne Stéphanie Sophie Laurence Florence Pascale Anne Karine Annick Évelyne Agnès Danielle Béatrice
        Joëlle Muriel Marie-Christine Marie-Claude Anne-Marie Maria Céline Ghislaine Marie-Pierre Mireille Claire
        Élisabeth Fabienne Christelle Marie-Hélène Maryse Nadine Odile Régine Virginie Carole Estelle Fatima Maryline
        Jocelyne Viviane Delphine Marie-France Anne-Sophie Rachida Nadia Solange Edwige""",
    1995: """Aurélie Émilie Élodie Julie Laura Céline Audrey Marie Laetitia Marion Pauline Camille Amandine Mélanie
        Charlotte Sarah Sabrina Jennifer Vanessa Alexandra Caroline Marine Anaïs Mathilde Justine Virginie Fanny Lucie
        Claire Hélène Morgane Élise Alice Coralie Gaëlle Noémie Adeline Sonia Cindy Lucile Anne-Laure Margaux Chloé
        Alexia Mélissa Estelle Émeline Gwenaëlle Angélique Samira Yasmina Solène Marie-Laure Élisa Bérengère Typhaine
        Maud Ludivine Aude Clémence Inès Ophélie Johanna Priscilla Kelly Karima Leïla""",
    2020: """Emma Léa Manon Chloé Camille Jade Louise Inès Lola Sarah Zoé Alice Lina Léna Anna Juliette Eva Lucie Rose
        Julia Mila Clara Romane Mathilde Ambre Océane Margot Agathe Louna Nina Jeanne Charlotte Maëlys Lou Noémie Elsa
        Victoire Capucine Élise Lilou Maëlle Mya Assia Yasmine Apolline Gabrielle Anouk Célia Nour Soline Héloïse
        Constance Adèle Iris Salomé Léonie Alix Éléonore Elina Fatoumata Aïcha Faustine Thaïs""",
}
_MALE = {
    1950: """Jean Pierre Michel André René Claude Jacques Roger Robert Marcel Georges Louis Maurice Bernard Paul Raymond
        Gérard Henri Guy Daniel Lucien Gilbert Roland Yves Serge Joseph Albert Fernand Christian Charles Jean-Claude
        François Marc Émile Guillaume Gaston Léon Eugène Camille Jean-Pierre Jean-Louis Julien Alfred Antoine Edmond
        Gabriel Rémy Norbert Étienne Firmin""",
    1975: """Philippe Michel Thierry Pascal Éric Alain Patrick Christophe Laurent Dominique Stéphane Didier Frédéric
        Christian Bruno Olivier Gilles Serge Jean-Luc Jean-Marc Denis Hervé Franck Bernard Gérard Jean-Michel
        Jean-François Jean-Philippe Jean-Paul Francis Sylvain David Fabrice Vincent Marc Joël Xavier Yannick Régis
        Emmanuel Richard Yves Pierre Jérôme Ludovic Jean-Jacques Jean-Christophe Benoît Cyrille José Mohamed Arnaud
        Loïc Antonio Rachid Ahmed Jean-Yves Lionel Noël Manuel Guy""",
    1995: """Nicolas Julien Sébastien Alexandre Thomas Kévin Guillaume Romain Jérémy David Maxime Mickaël Anthony
        Vincent
        Mathieu Florian Cédric Benjamin Jonathan Pierre Clément Quentin Arnaud Fabien Adrien Aurélien Damien Antoine
        Alexis Ludovic Yoann Grégory Simon Loïc Samuel Rémi Bastien Valentin Dylan Jordan Geoffrey Cyril Mehdi Karim
        Jean-Baptiste Pierre-Yves Steven Tony Matthieu Gaëtan Yann Erwan Gaël Charles Xavier Laurent Martin Marc-Antoine
        Boris Rudy Sofiane Nabil Youssef Johan Mathias""",
    2020: """Lucas Enzo Léo Gabriel Raphaël Louis Hugo Nathan Théo Jules Arthur Adam Mathis Ethan Noah Tom Paul Maël
        Sacha Clément Axel Mohamed Timéo Liam Baptiste Antoine Maxime Yanis Nolan Gabin Robin Aaron Alexandre Rayan
        Martin Eliott Augustin Valentin Simon Evan Mathéo Noé Esteban Malo Samuel Titouan Ilyes Victor Marius Côme
        Oscar Gaspard Jean-Baptiste Paul-Antoine Ibrahim Kylian Loan Amine Lenny Célian Basile Corentin Thibault
        Ayoub""",
}

SHORT_FORMS: dict[str, list[str]] = {
    "Alexandra": ["Alex", "Sandra"], "Alexandre": ["Alex"], "Alexia": ["Alex"], "Alexis": ["Alex"],
    "Anthony": ["Antho"], "Antoine": ["Toine"], "Audrey": ["Dédé"], "Aurélie": ["Lili", "Auré"], "Bastien": ["Bast"],
    "Benjamin": ["Ben"], "Bernadette": ["Dette"], "Bernard": ["Nanard"], "Camille": ["Cam"], "Caroline": ["Caro"],
    "Catherine": ["Cathy"], "Charlotte": ["Cha", "Charlie"], "Christelle": ["Chris"], "Christian": ["Chris"],
    "Christine": ["Cricri", "Chris"], "Christophe": ["Chris", "Tof"], "Corinne": ["Coco"], "Danielle": ["Dany"],
    "Daniel": ["Dany"], "Dominique": ["Dom"],
    "Élisabeth": ["Babeth", "Lisa"], "Élodie": ["Élo"],
    "Emmanuel": ["Manu"], "Florence": ["Flo"], "Florian": ["Flo"], "Françoise": ["Fanfan"], "Frédéric": ["Fred"],
    "Gabriel": ["Gaby"], "Gabrielle": ["Gaby"], "Geneviève": ["Ginou"], "Gérard": ["Gégé"], "Grégory": ["Greg"],
    "Guillaume": ["Guigui", "Guill"], "Isabelle": ["Isa"], "Jacqueline": ["Jackie"], "Jacques": ["Jacky"],
    "Jean-Baptiste": ["JB"], "Jean-Christophe": ["JC"], "Jean-Claude": ["JC", "Jean"],
    "Jean-François": ["JF", "Jeff"], "Jean-Jacques": ["JJ"], "Jean-Louis": ["JL"], "Jean-Luc": ["JL"],
    "Jean-Marc": ["JM", "Jean"], "Jean-Michel": ["JM", "Jean-Mi"], "Jean-Paul": ["JP"], "Jean-Philippe": ["JP"],
    "Jean-Pierre": ["JP", "Pierrot"], "Jean-Yves": ["JY"], "Jennifer": ["Jenny"], "Jérémy": ["Jérém"],
    "Jérôme": ["Jéjé"], "Jonathan": ["Jo"], "Joseph": ["Jo"], "Julien": ["Ju"], "Juliette": ["Ju"], "Kévin": ["Kev"],
    "Laetitia": ["Laeti"], "Laurence": ["Lolo"], "Ludovic": ["Ludo"], "Madeleine": ["Mado"], "Manuel": ["Manu"],
    "Marguerite": ["Margot"], "Marie-Christine": ["Marie", "MC"], "Marie-Claude": ["Marie", "MC"],
    "Marie-France": ["Marie"], "Marie-Hélène": ["Marie", "MH"], "Marie-Louise": ["Malou"],
    "Marie-Pierre": ["Marie", "Marie-P"], "Marie-Thérèse": ["Maïté", "Marie"], "Mathieu": ["Mat"],
    "Matthieu": ["Matt"], "Maxime": ["Max"], "Mélanie": ["Mél"], "Michel": ["Mimi", "Mich"], "Mickaël": ["Micka"],
    "Mohamed": ["Momo"], "Monique": ["Momo"], "Nathalie": ["Nath"], "Nathan": ["Nat"], "Nicolas": ["Nico"],
    "Olivier": ["Oliv"], "Pascale": ["Pasca"], "Patricia": ["Pat"], "Patrick": ["Pat"], "Philippe": ["Phil"],
    "Pierre": ["Pierrot"], "Pierre-Yves": ["PY"], "Quentin": ["Quent"], "Raphaël": ["Raph"], "Robert": ["Bob"],
    "Romain": ["Rom"], "Sabrina": ["Sab"], "Samuel": ["Sam"], "Sandrine": ["Sandy"], "Sébastien": ["Seb"],
    "Stéphane": ["Stéph"], "Stéphanie": ["Steph", "Fanny"], "Suzanne": ["Suzy"], "Sylvie": ["Syl"],
    "Thérèse": ["Maïté"], "Thibault": ["Titi"], "Thierry": ["Titi"], "Thomas": ["Tom"], "Valentin": ["Val"],
    "Valérie": ["Val"], "Vanessa": ["Vaness"], "Véronique": ["Véro"], "Victoire": ["Vic"], "Victor": ["Vic"],
    "Vincent": ["Vince"], "Virginie": ["Virgi"], "Xavier": ["Xav"],
}  # fmt: skip

_BY_SEX = {
    "F": {last: Ranked(names.split()) for last, names in _FEMALE.items()},
    "M": {last: Ranked(names.split()) for last, names in _MALE.items()},
}


def given_names(sex: str, birth_year: int) -> Ranked:
    """The names that parents gave in those decades, since a name tells an age; `sex` is F or M."""
    return next(names for last, names in _BY_SEX[sex].items() if birth_year <= last)
