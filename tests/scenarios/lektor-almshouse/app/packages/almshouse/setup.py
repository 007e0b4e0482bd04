from setuptools import setup

setup(name="lektor-almshouse", version="0.3", py_modules=["lektor_almshouse"],
      install_requires=["alms_calendar"],
      entry_points={"lektor.plugins": [
          "almshouse = lektor_almshouse:AlmshousePlugin"]})
