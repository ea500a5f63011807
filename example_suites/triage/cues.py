"""What the words of a mail tell: patterns with the points that each gives, once a mail."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CATEGORIES", "CATEGORY_URGENCY", "TIER_URGENCY", "URGENCY", "Points"]

Points = Mapping[str, float]

CATEGORIES: Mapping[str, Points] = {
    "billing": {
        r"charg(ed|es?)|debited": 2,
        r"invoice|rechnung|facture": 2,
        r"refund(ed)?": 1,
        r"payment|zahlung|paiement": 2,
        r"credit card|bank statement|abgebucht|prélev\w+": 2,
        r"twice|doppelt|deux fois": 1,
        r"vat|discount|coupon": 2,
        r"subscription|abo\b|abonnement": 1,
    },
    "delivery": {
        r"deliver\w*|liefer\w*|livr\w*": 2,
        r"parcel|package|paket|colis": 2,
        r"tracking|sendungs\w*|suivi": 2,
        r"courier|shipp\w*|versand|transporteur": 2,
        r"arriv\w+|angekommen|arrivé": 1,
        r"still waiting": 1,
    },
    "return": {
        r"return(ing|s)?|zurück(geben|schicken|senden)|retour\w*|renvoyer": 2,
        r"exchange|umtausch\w*|échang\w+": 3,
        r"wrong (size|colou?r|item)|falsche": 3,
        r"broken|damaged|defekt|kaputt|beschädigt|cassée?|defective": 2,
        r"warranty|garantie": 2,
        r"money back": 2,
        r"too (small|big|large|tight)|zu (klein|groß)": 2,
    },
    "technical": {
        r"error|fehler(meldung)?|erreur": 2,
        r"crash\w*|abstürz\w*|stürzt|plante": 3,
        r"bug": 2,
        r"app|website|page": 1,
        r"does(n't| not) (work|load|open|respond)|funktioniert nicht|ne (marche|fonctionne) pas": 2,
        r"api|endpoint|timeout|5\d\d|integration": 2,
        r"update[ds]?|install\w*|version": 1,
        r"outage|is down|offline": 3,
    },
    "account": {
        r"password|passwor[td]|mot de passe": 2,
        r"log ?(in|ging in)|sign in|anmeld\w+|connect(er|ion)": 2,
        r"account|konto|compte": 1,
        r"(change|update) my (e-?mail|address|name)|e-?mail address": 2,
        r"delete my|löschen|supprimer|gdpr|dsgvo|rgpd": 3,
        r"unsubscribe|newsletter": 2,
        r"locked out|gesperrt": 2,
    },
    "security": {
        r"hacked|gehackt|piraté": 6,
        r"phishing|scam|fraud\w*|betrug": 5,
        r"did(n't| not) (make|place|authori[sz]e)": 5,
        r"unknown (device|login)|somebody else|someone else": 4,
        r"vulnerab\w+|data leak|breach": 6,
        r"stolen": 3,
    },
    "feedback": {
        r"thank(s| you) (so|very) much|great (job|service|work)|well done|love|danke für|bravo": 2,
        r"suggest\w*|feature request|would be (nice|great)|idea|vorschlag|idée": 3,
        r"just wanted to say": 4,
    },
}
URGENCY: Points = {
    r"urgent\w*|dringend\w*|asap|emergency": 2,
    r"immediately|right now|sofort|at once|tout de suite|immédiatement": 1.5,
    r"today|heute|tonight|tomorrow|aujourd'hui|demain": 1,
    r"lawyer|legal action|anwalt|avocat|court": 2,
    r"(third|3rd|fourth) time|again and again|zum dritten mal|troisième fois": 1,
    r"unacceptable|inakzeptabel": 1,
    r"production|all (of )?our (users|customers)|nobody can|is down|outage": 2.5,
    r"twice|doppelt|deux fois": 1,
    r"weeks|wochen|semaines": 1,
    r"no (rush|hurry)|not urgent|whenever|when you have time|keine eile|pas pressé": -3,
}
CATEGORY_URGENCY: Points = {"security": 4, "feedback": -2}
TIER_URGENCY: Points = {"standard": 0, "gold": 1, "platinum": 2}
