# SPDX-License-Identifier: Apache-2.0
"""What members fill in."""
from flask_wtf import FlaskForm
from flask_wtf.file import FileAllowed, FileField, FileRequired
from wtforms import (BooleanField, DateField, FloatField, IntegerField,
                     PasswordField, SelectField, StringField, TextAreaField)
from wtforms.validators import InputRequired, Length, NumberRange

VOICES = ["soprano", "alto", "tenor", "bass"]


class EnterForm(FlaskForm):
    name = StringField(validators=[InputRequired(), Length(max=80)])
    password = PasswordField(validators=[InputRequired()])
    remember = BooleanField()


class MemberForm(FlaskForm):
    name = StringField(validators=[InputRequired(), Length(max=80)])
    email = StringField(validators=[InputRequired(), Length(max=120)])
    voice = StringField(validators=[InputRequired()])
    password = PasswordField(validators=[InputRequired(), Length(min=4)])


class PasswordForm(FlaskForm):
    old = PasswordField(validators=[InputRequired()])
    new = PasswordField(validators=[InputRequired(), Length(min=4)])


class PieceForm(FlaskForm):
    title = StringField(validators=[InputRequired(), Length(max=120)])
    composer = StringField(validators=[InputRequired(), Length(max=80)])
    copies = IntegerField(validators=[NumberRange(1, 500)])
    price = FloatField(validators=[NumberRange(0, 500)])


class ScoreForm(FlaskForm):
    folder = StringField()
    file = FileField(validators=[FileRequired(), FileAllowed(
        ["pdf", "png", "mid", "midi", "mxl"])])


class RecordingForm(FlaskForm):
    concert = StringField(validators=[InputRequired()])
    file = FileField(validators=[FileRequired(), FileAllowed(
        ["wav", "mp3", "ogg", "flac"])])


class LoanForm(FlaskForm):
    since = DateField()
    until = DateField()


class LetterForm(FlaskForm):
    voice = SelectField(choices=VOICES)
    subject = StringField(validators=[InputRequired(), Length(max=100)])
    text = TextAreaField(validators=[InputRequired()])
