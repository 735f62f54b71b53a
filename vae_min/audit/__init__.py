"""Tell whether a VAE optimises the bound that its author thinks it does, and name the defect.

Layers: `spec`, `finding`, `effective` say what is asked and answered; `noise`, `trace`, `state` intercept; `bench` runs the
user's code at a point; `head`, `sampler`, `likelihood`, `divergence`, `explanation`, `weight`, `gradient`, `importance`,
`stuck`, `reported` each explain one thing; `audit` puts them together.
"""
