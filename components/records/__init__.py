"""Source records as typed columns: conversion, rejected records, erasure and counts."""
