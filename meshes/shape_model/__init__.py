"""The embedded bones: a statistical shape model of pelvis and femur, evaluated to surfaces."""
