"""The server of the tutorial "JWT Authentication and Authorization with Python Flask and Angular".

Its user model, its three routes and its field names, on current versions of the packages it names,
with the deprecated calls replaced. What a deployment needs and the tutorial leaves out comes from
gunicorn.conf.py.
"""

import os
import secrets

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

# Hallpass's own scheme and cost, so that a login is the same work on both sides. The tutorial leaves
# it to Werkzeug, whose default is scrypt:32768:8:1 today.
HASH_METHOD = os.environ.get("FLASK_TUTORIAL_HASH", "pbkdf2:sha256:600000")

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("FLASK_TUTORIAL_DATABASE", "sqlite:///app.db")
# Made anew at each start, and shared by the workers, which are forked after it.
app.config["JWT_SECRET_KEY"] = secrets.token_hex(32)

db = SQLAlchemy(app)
jwt = JWTManager(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(80), unique=True, nullable=False)
    password_hash = db.Column(db.String(256), nullable=False)

    def set_password(self, password):
        self.password_hash = generate_password_hash(password, method=HASH_METHOD)

    def check_password(self, password):
        return check_password_hash(self.password_hash, password)


@app.route("/register", methods=["POST"])
def register():
    data = request.get_json()
    user = User(username=data["username"])
    user.set_password(data["password"])
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        return jsonify(message="User already exists"), 409
    return jsonify(message="User created successfully"), 201


@app.route("/login", methods=["POST"])
def login():
    data = request.get_json()
    user = User.query.filter_by(username=data["username"]).first()
    if user and user.check_password(data["password"]):
        return jsonify(access_token=create_access_token(identity=user.username)), 200
    return jsonify(message="Invalid credentials"), 401


@app.route("/protected", methods=["GET"])
@jwt_required()
def protected():
    return jsonify(logged_in_as=get_jwt_identity()), 200


with app.app_context():
    db.create_all()
