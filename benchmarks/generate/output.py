"""Writes the channel files row by row, in an order that hides who lives with whom, with bounded memory."""

import csv
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.generate.draws import Draws

_WINDOW = 4_096  # rows held back per file, of which a random one is written for each that comes

HEADERS: dict[str, str] = {
    "crm": "numero_client,civilite,prenom,nom,date_naissance,rue,complement,code_postal,ville,email,telephone,langue,"
    "situation,enfants,client_depuis,maj_le",
    "billing": "compte,titulaire,identifiant_national,adresse,contact,mode_paiement,ouvert_le,maj_le",
    "loyalty": "carte,nom_complet,mail,portable,adresse,cp,ville,inscrit_le,maj_le",
    "web": "user_id,prenom,nom,email,telephone,annee_naissance,device_id,derniere_connexion",
    "call_centre": "no_appel,prenom,nom,date_naissance,adresse,cp,ville,telephone,date_appel,motif,duree_s",
    "orders": "no_commande,carte,date_commande,magasin,lignes,articles,montant,article_principal",
    "consents": "identifier_kind,identifier,purpose,decision,at,channel,notice",
    "truth": "channel,source_key,person",
}
_OLD_SYSTEM = {"billing"}  # a mainframe's export: semicolons, Windows-1252


class Files:
    """Every file of one data set: the CSV files of `HEADERS` and `chat.jsonl`."""

    def __init__(self, folder: Path, draws: Draws) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._draws = draws
        self._held: dict[str, list[Any]] = {name: [] for name in [*HEADERS, "chat"]}
        self._open = {
            name: (folder / (f"{name}.jsonl" if name == "chat" else f"{name}.csv")).open(
                "w", encoding="cp1252" if name in _OLD_SYSTEM else "utf-8", newline=""
            )
            for name in self._held
        }
        self._csv = {
            name: csv.writer(self._open[name], delimiter=";" if name in _OLD_SYSTEM else ",", lineterminator="\n")
            for name in HEADERS
        }
        for name, header in HEADERS.items():
            self._csv[name].writerow(header.split(","))
        self.rows = dict.fromkeys(self._held, 0)

    def add(self, name: str, row: Any) -> None:
        """A row of a CSV file (its cells) or of the chat (an object)."""
        self.rows[name] += 1
        held = self._held[name]
        if len(held) < _WINDOW:
            held.append(row)
            return
        place = self._draws.below(_WINDOW)
        held[place], row = row, held[place]
        self._write(name, row)

    def _write(self, name: str, row: Any) -> None:
        if name == "chat":
            self._open[name].write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            self._csv[name].writerow(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name, held in self._held.items():
            while held:
                place = self._draws.below(len(held))
                held[place], held[-1] = held[-1], held[place]
                self._write(name, held.pop())
            self._open[name].close()
