"""Words in many languages that edits of pages put in: days, names, notices of corrections."""

from __future__ import annotations

DAYS = {
    "all": [
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "måndag tisdag onsdag torsdag fredag lördag söndag",
        "January February March April June July August September October November December",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "janvier février mars avril juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio settembre ottobre novembre dicembre",
    ]
}
SURNAMES = ["Karlstadt", "Oduyana", "Brenningham", "Castellanos", "Vorhees", "Lindqvistad"]
NOTICES = {
    "en": [
        "Correction: An earlier version of this article misstated the figure.",
        "This article was amended on 3 May to correct a name in the second paragraph.",
        "Editor's note: This story has been updated to clarify the role of the agency.",
    ],
    "de": [
        "Korrektur: In einer früheren Version dieses Artikels war eine Zahl falsch angegeben.",
        "Anmerkung der Redaktion: Wir haben eine Angabe im zweiten Absatz berichtigt.",
    ],
    "fr": ["Rectificatif : une première version de cet article donnait un chiffre erroné."],
    "es": ["Fe de errores: una versión anterior de esta noticia daba una cifra equivocada."],
    "it": ["Errata corrige: una versione precedente di questo articolo riportava un dato errato."],
    "pt": ["Correção: uma versão anterior deste texto trazia um número errado."],
    "no": ["Rettelse: I en tidligere versjon av denne saken var et tall feil."],
    "sv": ["Rättelse: I en tidigare version av artikeln angavs fel siffra."],
    "cs": ["Oprava: V předchozí verzi článku bylo uvedeno chybné číslo."],
    "tr": ["Düzeltme: Haberin önceki versiyonunda bir rakam yanl\u0131\u015f verilmi\u015fti."],
    "id": ["Ralat: versi sebelumnya dari artikel ini memuat angka yang keliru."],
    "ja": ["【訂正】当初の記事で人数に誤りがありました。おわびして訂正します。"],
    "ko": ["바로잡습니다: 이전 기사에서 인원수가 잘못 표기되어 바로잡습니다."],
}
