"""stable-baselines3, each algorithm for a short while."""

import gymnasium
import stable_baselines3
from stable_baselines3.common.env_util import make_vec_env

from sound.corpus import each

SETTINGS = {
    "PPO": {"n_steps": 32, "batch_size": 16, "n_epochs": 3},
    "A2C": {"n_steps": 8},
    "DQN": {"learning_starts": 20, "train_freq": 2, "batch_size": 8, "target_update_interval": 20},
    "SAC": {"learning_starts": 20, "batch_size": 8},
    "TD3": {"learning_starts": 20, "batch_size": 8},
    "DDPG": {"learning_starts": 20, "batch_size": 8},
}


@each(SETTINGS)
def learned(name):
    kind = getattr(stable_baselines3, name)
    environment = "Pendulum-v1" if name in {"SAC", "TD3", "DDPG"} else "CartPole-v1"
    assert gymnasium.spec(environment)
    policy = {"net_arch": [16]}
    model = kind("MlpPolicy", make_vec_env(environment), policy_kwargs=policy, device="cpu", **SETTINGS[name])
    model.learn(96)
