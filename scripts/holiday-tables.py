#!/usr/bin/env python3
"""Write the public holidays of France, 1990 to 2050, as two independent Python tables have them.

`tests/it/holidays.rs` compares `src/domain/calendar.rs` with these files. Run it again with
`pip install holidays workalendar && scripts/holiday-tables.py` and read the difference before committing:
a change there is a change of a library, not of the gateway.

One file a library and territory, one line a year: the year, then month-day of each holiday.
`holidays` names the French observances in its category `public`; `workalendar` knows mainland
France and Alsace-Moselle only.
"""

import importlib.metadata
import pathlib

import holidays  # the script has another name, else it would import itself
from workalendar.europe import France, FranceAlsaceMoselle

YEARS = range(1990, 2051)
TARGET = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "holidays"

# The codes of the gateway's territories, and the subdivision by which `holidays` knows each.
SUBDIVISIONS = {
    "mainland": None,
    "alsace-moselle": "57",
    "guadeloupe": "971",
    "martinique": "972",
    "guyane": "973",
    "la-reunion": "974",
    "mayotte": "976",
    "saint-barthelemy": "BL",
    "saint-martin": "MF",
    "saint-pierre-et-miquelon": "PM",
    "polynesie-francaise": "PF",
    "nouvelle-caledonie": "NC",
    "wallis-et-futuna": "WF",
}


def write(library, version, territory, days_of):
    path = TARGET / f"{library}.{territory}.tsv"
    with path.open("w", encoding="ascii", newline="\n") as out:
        out.write(f"# {library} {version}, {territory}: year, then month-day of each holiday\n")
        for year in YEARS:
            days = sorted({day for day in days_of(year) if day.year == year})
            out.write("\t".join([str(year), *(day.strftime("%m-%d") for day in days)]) + "\n")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    for territory, code in SUBDIVISIONS.items():
        write("holidays", holidays.__version__, territory,
              lambda year, code=code: holidays.France(subdiv=code, years=year))
    version = importlib.metadata.version("workalendar")
    for territory, calendar in (("mainland", France()), ("alsace-moselle", FranceAlsaceMoselle())):
        write("workalendar", version, territory,
              lambda year, calendar=calendar: (day for day, _ in calendar.holidays(year)))


if __name__ == "__main__":
    main()
