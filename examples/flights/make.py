#!/usr/bin/env python3
"""Makes the two files of this example from those of nycflights13 (see README.md).

usage: make.py FLIGHTS.csv.gz WEATHER.csv OUT_FOLDER [EVERY]

EVERY = 8 keeps every eighth flight in order of time; all of the weather stays.
"""
import csv
import datetime
import gzip
import io
import os
import sys

FLIGHT = ["time", "carrier", "flight", "tailnum", "origin", "dest", "distance", "arr_delay",
          "delayed"]
WEATHER = ["time", "origin", "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust",
           "precip", "pressure", "visib"]


def scheduled(row):
    """The minute of the day at which a flight was to leave: when it left, less its delay."""
    left = row["dep_time"]
    minute = int(left) // 100 * 60 + int(left) % 100 - int(row["dep_delay"])
    return minute % (24 * 60)


def usual_minutes(rows):
    """When each flight number leaves, as its next flight that left says."""
    usual = {}
    for row in rows:
        if row["dep_time"] != "NA":
            usual.setdefault((row["carrier"], row["flight"], row["origin"]), []).append(
                (day_of(row), scheduled(row)))
    return usual


def day_of(row):
    return datetime.date(int(row["year"]), int(row["month"]), int(row["day"]))


def flights(rows):
    """In order of time. A cancelled flight never left: it is placed by the nearest day on which
    its number did; without one it is left out."""
    usual, out = usual_minutes(rows), []
    for row in rows:
        if row["dep_time"] != "NA":
            minute = scheduled(row)
        else:
            days = usual.get((row["carrier"], row["flight"], row["origin"]))
            if not days:
                continue
            minute = min(days, key=lambda one: (abs(one[0] - day_of(row)), one[0]))[1]
        time = datetime.datetime.combine(day_of(row), datetime.time(minute // 60, minute % 60))
        arrived = row["arr_delay"]
        delayed = "" if arrived == "NA" else "yes" if int(arrived) > 15 else "no"
        out.append([time.isoformat() + "Z", row["carrier"], row["flight"],
                    "" if row["tailnum"] == "NA" else row["tailnum"], row["origin"], row["dest"],
                    row["distance"], "" if arrived == "NA" else arrived, delayed])
    return sorted(out)


def weather(rows):
    out = []
    for row in rows:
        time = datetime.datetime.combine(day_of(row), datetime.time(int(row["hour"])))
        out.append([time.isoformat() + "Z"] + ["" if row[name] == "NA" else short(row[name])
                                               for name in WEATHER[1:]])
    return sorted(out)


def short(text):
    """10.357019999999999 is 10.35702."""
    try:
        return "%.7g" % float(text)
    except ValueError:
        return text


def write(path, head, rows):
    """The same bytes whenever it is done."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(head)
    out.writerows(rows)
    with open(path, "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            packed.write(text.getvalue().encode())


def read(path):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def main(flights_file, weather_file, folder, every="1"):
    write(os.path.join(folder, "flights.csv.gz"), FLIGHT,
          flights(read(flights_file))[::int(every)])
    write(os.path.join(folder, "weather.csv.gz"), WEATHER, weather(read(weather_file)))


if __name__ == "__main__":
    main(*sys.argv[1:])
