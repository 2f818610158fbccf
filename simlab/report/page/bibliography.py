"""BibTeX of simlab and of the methods that a run used, by the plugins that its manifest names.

Every entry is of a source that the plugin's own docstring gives, which a test holds.
"""

from __future__ import annotations

from collections.abc import Iterable

_ENTRIES = {
    "kockelman": ("book", "author={Kockelman, Paul}, title={Last Words}, note={Chapter 4: the hierarchy}"),
    "bradley1952": ("article", "author={Bradley, Ralph Allan and Terry, Milton E.}, title={Rank Analysis of Incomplete Block Designs: {I}. The Method of Paired Comparisons}, journal={Biometrika}, volume={39}, number={3/4}, pages={324--345}, year={1952}"),
    "schulman2017": ("article", "author={Schulman, John and Wolski, Filip and Dhariwal, Prafulla and Radford, Alec and Klimov, Oleg}, title={Proximal Policy Optimization Algorithms}, journal={arXiv:1707.06347}, year={2017}"),
    "ziegler2019": ("article", "author={Ziegler, Daniel M. and Stiennon, Nisan and Wu, Jeffrey and Brown, Tom B. and Radford, Alec and Amodei, Dario and Christiano, Paul and Irving, Geoffrey}, title={Fine-Tuning Language Models from Human Preferences}, journal={arXiv:1909.08593}, year={2019}"),
    "korbak2022": ("article", "author={Korbak, Tomasz and Perez, Ethan and Buckley, Christopher L.}, title={{RL} with {KL} penalties is better viewed as {Bayesian} inference}, journal={arXiv:2205.11275}, year={2022}"),
    "williams1992": ("article", "author={Williams, Ronald J.}, title={Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning}, journal={Machine Learning}, volume={8}, pages={229--256}, year={1992}"),
    "gao2023": ("inproceedings", "author={Gao, Leo and Schulman, John and Hilton, Jacob}, title={Scaling Laws for Reward Model Overoptimization}, booktitle={ICML}, year={2023}"),
    "coste2023": ("article", "author={Coste, Thomas and Anwar, Usman and Kirk, Robert and Krueger, David}, title={Reward Model Ensembles Help Mitigate Overoptimization}, journal={arXiv:2310.02743}, year={2023}"),
    "luce1959": ("book", "author={Luce, R. Duncan}, title={Individual Choice Behavior: A Theoretical Analysis}, publisher={Wiley}, year={1959}"),
    "plackett1975": ("article", "author={Plackett, R. L.}, title={The Analysis of Permutations}, journal={Applied Statistics}, volume={24}, number={2}, pages={193--202}, year={1975}"),
    "thurstone1927": ("article", "author={Thurstone, L. L.}, title={A Law of Comparative Judgment}, journal={Psychological Review}, volume={34}, number={4}, pages={273--286}, year={1927}"),
    "davidson1970": ("article", "author={Davidson, Roger R.}, title={On Extending the {Bradley--Terry} Model to Accommodate Ties in Paired Comparison Experiments}, journal={Journal of the American Statistical Association}, volume={65}, number={329}, pages={317--328}, year={1970}"),
    "rao1967": ("article", "author={Rao, P. V. and Kupper, L. L.}, title={Ties in Paired-Comparison Experiments: A Generalization of the {Bradley--Terry} Model}, journal={Journal of the American Statistical Association}, volume={62}, number={317}, pages={194--204}, year={1967}"),
    "lee2021": ("article", "author={Lee, Kimin and Smith, Laura and Dragan, Anca and Abbeel, Pieter}, title={{B-Pref}: Benchmarking Preference-Based Reinforcement Learning}, journal={arXiv:2111.03026}, year={2021}"),
    "whitehill2009": ("inproceedings", "author={Whitehill, Jacob and Ruvolo, Paul and Wu, Tingfan and Bergsma, Jacob and Movellan, Javier}, title={Whose Vote Should Count More: Optimal Integration of Labels from Labelers of Unknown Expertise}, booktitle={NIPS 22}, year={2009}"),
    "dawid1979": ("article", "author={Dawid, A. P. and Skene, A. M.}, title={Maximum Likelihood Estimation of Observer Error-Rates Using the {EM} Algorithm}, journal={Applied Statistics}, volume={28}, number={1}, pages={20--28}, year={1979}"),
    "shapiro1984": ("article", "author={Shapiro, Carl and Stiglitz, Joseph E.}, title={Equilibrium Unemployment as a Worker Discipline Device}, journal={American Economic Review}, volume={74}, number={3}, pages={433--444}, year={1984}"),
    "hirschman1970": ("book", "author={Hirschman, Albert O.}, title={Exit, Voice, and Loyalty}, publisher={Harvard University Press}, year={1970}"),
    "holmstrom1979": ("article", "author={Holmstr{\\\"o}m, Bengt}, title={Moral Hazard and Observability}, journal={Bell Journal of Economics}, volume={10}, number={1}, pages={74--91}, year={1979}"),
    "lazear1981": ("article", "author={Lazear, Edward P. and Rosen, Sherwin}, title={Rank-Order Tournaments as Optimum Labor Contracts}, journal={Journal of Political Economy}, volume={89}, number={5}, pages={841--864}, year={1981}"),
    "becker1968": ("article", "author={Becker, Gary S.}, title={Crime and Punishment: An Economic Approach}, journal={Journal of Political Economy}, volume={76}, number={2}, pages={169--217}, year={1968}"),
    "okabe2008": ("misc", "author={Okabe, Masataka and Ito, Kei}, title={Color Universal Design}, year={2008}, howpublished={https://jfly.uni-koeln.de/color/}"),
    "student1908": ("article", "author={Student}, title={The Probable Error of a Mean}, journal={Biometrika}, volume={6}, number={1}, pages={1--25}, year={1908}"),
    "holm1979": ("article", "author={Holm, Sture}, title={A Simple Sequentially Rejective Multiple Test Procedure}, journal={Scandinavian Journal of Statistics}, volume={6}, number={2}, pages={65--70}, year={1979}"),
}  # fmt: skip

CITED = {  # by plugin, what its docstring names first
    "learner:bradley_terry": ("bradley1952",),
    "learner:ppo": ("schulman2017",),
    "learner:reinforce": ("williams1992",),
    "learner:tilt": ("korbak2022",),
    "reward:plain": ("ziegler2019",),
    "reward:adaptive_kl": ("ziegler2019",),
    "reward:ensemble_mean": ("coste2023",),
    "reward:ensemble_worst": ("coste2023",),
    "reward:ensemble_uncertain": ("coste2023",),
    "rater:plackett_luce": ("luce1959", "plackett1975"),
    "rater:thurstone": ("thurstone1927",),
    "rater:davidson": ("davidson1970",),
    "rater:rao_kupper": ("rao1967",),
    "rater:bpref": ("lee2021",),
    "rater:glad": ("whitehill2009",),
    "rater:dawid_skene": ("dawid1979",),
    "aggregator:glad": ("whitehill2009",),
    "aggregator:dawid_skene": ("dawid1979",),
    "aggregator:pooled_bt": ("bradley1952",),
    "effort:no_shirking": ("shapiro1984",),
    "effort:tournament": ("lazear1981",),
    "consequence:fire": ("shapiro1984",),
    "consequence:bonus": ("holmstrom1979",),
    "consequence:fine": ("becker1968",),
    "consequence:promote": ("lazear1981",),
    "consequence:churn": ("hirschman1970",),
}


def keys(plugins: Iterable[str], *others: str) -> list[str]:
    """Keys of the entries for these plugins, as the manifest names them, and for what else was used."""
    found = [key for plugin in plugins for key in CITED.get(plugin, ())]
    return list(dict.fromkeys(["kockelman", *found, *others]))


def bibtex(version: str, cited: Iterable[str]) -> str:
    """BibTeX of simlab and of these entries."""
    about = f"title={{simlab: a simulator of the labor hierarchy that aligns language models}}, version={{{version}}}"
    own = _entry("simlab", "software", f"author={{{{The simlab authors}}}}, {about}")
    return "\n\n".join([own, *(_entry(key, *_ENTRIES[key]) for key in cited)])


def reference(key: str) -> str:
    """An entry in short, as (Bradley and Terry 1952)."""
    fields = _ENTRIES[key][1]
    authors = fields.partition("author={")[2].partition("}, title")[0].replace('{\\"o}', "ö").split(" and ")
    names = [author.split(",")[0] for author in authors]
    said = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    year = fields.rpartition("year={")[2][:4] if "year={" in fields else ""
    return f"{said} {year}".strip()


def _entry(key: str, kind: str, fields: str) -> str:
    lines = fields.replace("}, ", "},\n  ")
    return f"@{kind}{{{key},\n  {lines}\n}}"
