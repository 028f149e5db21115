"""Columns of source files as typed values: conversion, rejected records and counts."""
