"""Tell whether a VAE optimises the bound that its author thinks it does, and name the defect.

Layers: `spec`, `finding`, `effective` say what is asked and answered; `noise`, `trace`, `state` intercept; `bench` runs the
user's code at a point; `least_squares` fits; `head`, `sampler`, `likelihood`, `divergence`, `explanation`, `weight`,
`gradient`, `importance`, `stuck`, `reported` each explain one thing; `derivative` and `share` explain the parts of what is
no sum of whole terms, in `partial`, and far from the given parameters, in `reach`; `audit` puts them together.
"""
